# Packs the files of the newest commit, and nothing else; see CPACK_EXTERNAL_PACKAGE_SCRIPT.
set(name ${CPACK_SOURCE_PACKAGE_FILE_NAME})
set(archive ${CPACK_TOPLEVEL_DIRECTORY}/${name}.tar.gz)
execute_process(
  COMMAND git -c "tar.tar.gz.command=gzip -9n" archive --prefix=${name}/ -o ${archive} HEAD
  WORKING_DIRECTORY ${CPACK_HBRSYNC_SOURCE} COMMAND_ERROR_IS_FATAL ANY)
set(CPACK_EXTERNAL_BUILT_PACKAGES ${archive})

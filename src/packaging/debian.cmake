# Turns what `cmake --install` makes into what Debian expects; runs on CPack's copy of it.
if(NOT CPACK_GENERATOR STREQUAL DEB)
  return()
endif()
find_program(shlibdeps dpkg-shlibdeps)
if(NOT shlibdeps)
  message(FATAL_ERROR "dpkg-shlibdeps is missing, which finds the package's dependencies: install dpkg-dev and file")
endif()
set(root ${CPACK_TEMPORARY_DIRECTORY})
set(doc ${root}/usr/share/doc/hbrsync)
set(date $ENV{SOURCE_DATE_EPOCH})
set(here ${CMAKE_CURRENT_LIST_DIR})

# run(COMMAND...)
function(run)
  execute_process(COMMAND ${ARGV} WORKING_DIRECTORY ${root} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# To use as it is, not an example: what `cron/archive.sh` does once an hour.
file(MAKE_DIRECTORY ${root}/usr/libexec/hbrsync ${root}/usr/lib/systemd/system ${root}/etc/hbrsync)
file(COPY ${doc}/examples/cron/archive.sh DESTINATION ${root}/usr/libexec/hbrsync
  FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
foreach(unit hbrsync.service hbrsync.timer)
  file(READ ${doc}/examples/systemd/${unit} text)
  string(REPLACE /usr/local/lib/hbrsync /usr/libexec/hbrsync text "${text}")
  string(REPLACE /usr/local/ /usr/ text "${text}")
  # The first lines say how to install it.
  string(REGEX REPLACE "^(#[^\n]*\n)+" "# Set up by /usr/share/doc/hbrsync/README.Debian.\n" text "${text}")
  file(WRITE ${root}/usr/lib/systemd/system/${unit} "${text}")
endforeach()

file(MAKE_DIRECTORY ${root}/usr/share/zsh/vendor-completions ${root}/usr/share/lintian/overrides)
file(RENAME ${root}/usr/share/zsh/site-functions/_hbrsync ${root}/usr/share/zsh/vendor-completions/_hbrsync)
file(REMOVE_RECURSE ${root}/usr/share/zsh/site-functions)

file(READ ${doc}/LICENSE license)
string(REGEX REPLACE "^.*(Copyright [^\n]*)\n\n" "" text "${license}")
string(REGEX REPLACE "\n\n" "\n.\n" text "${text}")
string(REGEX REPLACE "\n(.)" "\n \\1" text "${text}")
file(WRITE ${doc}/copyright
  "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"
  "Files: *\nCopyright: 2026 The hbrsync authors\nLicense: Expat\n ${text}")
file(REMOVE ${doc}/LICENSE)
file(COPY_FILE ${here}/README.Debian ${doc}/README.Debian)
file(COPY_FILE ${here}/lintian-overrides ${root}/usr/share/lintian/overrides/hbrsync)
execute_process(COMMAND date -uR -d @${date} OUTPUT_VARIABLE day OUTPUT_STRIP_TRAILING_WHITESPACE)
file(WRITE ${doc}/changelog.Debian
  "hbrsync (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium\n\n"
  "  * What changed is in changelog.gz.\n\n"
  " -- ${CPACK_PACKAGE_CONTACT}  ${day}\n")
file(RENAME ${doc}/CHANGELOG.md ${doc}/changelog)
run(strip --strip-unneeded --remove-section=.comment --remove-section=.note usr/bin/hbrsync)
run(sh -c "gzip -9n usr/share/man/man*/* usr/share/doc/hbrsync/changelog usr/share/doc/hbrsync/changelog.Debian")
run(sh -c "find . -type f ! -perm -0100 -exec chmod 0644 {} + && find . -type d -exec chmod 0755 {} +")
run(find . -exec touch -h -d @${date} {} +)

# Completions for bash, zsh and fish, installed where each looks. They ask the program for its commands and options; the
# values that no help lists are put in here.
file(READ ${CMAKE_CURRENT_SOURCE_DIR}/hbr/restore_job.c restore_job)
foreach(list hbr_restore_types hbr_open_statuses hbr_final_statuses)
  string(REGEX MATCH "${list}\\[\\] = {([^}]*)}" found "${restore_job}")
  string(REGEX MATCHALL "[A-Z][A-Z_]+" ${list} "${CMAKE_MATCH_1}")
  list(REMOVE_ITEM ${list} NULL)
  if(NOT ${list})
    message(FATAL_ERROR "hbr/restore_job.c has no ${list}")
  endif()
endforeach()
string(JOIN " " restore_types ${hbr_restore_types})
string(JOIN " " statuses ${hbr_open_statuses} ${hbr_final_statuses})

# As the SDKs list them for Cloud Backup; any other is taken as well.
string(JOIN " " regions
  ap-northeast-1 ap-northeast-2 ap-south-1 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-5 ap-southeast-6
  ap-southeast-7 ap-southeast-8 cn-beijing cn-beijing-finance-1 cn-beijing-gov-1 cn-chengdu cn-guangzhou cn-hangzhou
  cn-hangzhou-finance cn-heyuan cn-hongkong cn-huhehaote cn-qingdao cn-shanghai cn-shanghai-finance-1 cn-shenzhen
  cn-shenzhen-finance-1 cn-wulanchabu cn-zhangjiakou cn-zhongwei eu-central-1 eu-west-1 me-central-1 me-east-1
  na-south-1 us-east-1 us-southeast-1 us-west-1)

configure_file(cli/completion/complete.in completion/complete @ONLY)
install(PROGRAMS ${CMAKE_CURRENT_BINARY_DIR}/completion/complete
  DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/hbrsync)
install(FILES cli/completion/hbrsync.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  RENAME hbrsync)
install(FILES cli/completion/_hbrsync DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES cli/completion/hbrsync.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

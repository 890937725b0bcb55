# Turns the .sql files of a folder into one C file, at configure time and without other tools.
#
# embed_sql(OUTPUT ARRAY FILE...) writes OUTPUT, which defines
#   const struct sql_file ARRAY[]  (name without folder, text, length), ended by a row of NULLs;
# see store/sql_files.h. Bytes are `unsigned char`: a string literal over 4,095 bytes is not portable C.
function(embed_sql output array)
  set(texts "")
  set(rows "")
  set(index 0)
  foreach(path IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
    get_filename_component(name ${path} NAME)
    file(READ ${path} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(APPEND texts "static const unsigned char ${array}_${index}[] = {${bytes}0x00};\n")
    string(APPEND rows
      "    {\"${name}\", (const char *)${array}_${index}, sizeof(${array}_${index}) - 1},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  file(GENERATE OUTPUT ${output} CONTENT
    "#include \"store/sql_files.h\"\n\n${texts}\nconst struct sql_file ${array}[] = {\n${rows}    {0, 0, 0},\n};\n")
endfunction()

# embed_statements(SOURCE HEADER FILE...) does so for single texts: `extern const char *const sql_job_select;` for job-select.sql.
function(embed_statements source header)
  set(texts "")
  set(names "")
  foreach(path IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
    get_filename_component(name ${path} NAME_WE)
    string(REPLACE "-" "_" name ${name})
    file(READ ${path} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(APPEND texts "static const unsigned char ${name}[] = {${bytes}0x00};\n")
    string(APPEND texts "const char *const sql_${name} = (const char *)${name};\n")
    string(APPEND names "extern const char *const sql_${name};\n")
  endforeach()
  file(GENERATE OUTPUT ${source} CONTENT "#include \"store/sql_statements.h\"\n\n${texts}")
  file(GENERATE OUTPUT ${header} CONTENT "${names}")
endfunction()

# Turns texts into C files, at configure time and without other tools. Bytes are `unsigned char`: a string literal over
# 4,095 bytes is not portable C.

# Sets BYTES to the file's bytes and a NUL, as C numbers with commas.
function(read_bytes file bytes)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," numbers "${hex}")
  set(${bytes} "${numbers}0x00" PARENT_SCOPE)
endfunction()

# embed_sql(OUTPUT ARRAY FILE...) writes OUTPUT, which defines
#   const struct sql_file ARRAY[]  (name without folder, text, length), ended by a row of NULLs;
# see store/sql_files.h.
function(embed_sql output array)
  set(texts "")
  set(rows "")
  set(index 0)
  foreach(path IN LISTS ARGN)
    get_filename_component(name ${path} NAME)
    read_bytes(${path} bytes)
    string(APPEND texts "static const unsigned char ${array}_${index}[] = {${bytes}};\n")
    string(APPEND rows
      "    {\"${name}\", (const char *)${array}_${index}, sizeof(${array}_${index}) - 1},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  file(GENERATE OUTPUT ${output} CONTENT
    "#include \"store/sql_files.h\"\n\n${texts}\nconst struct sql_file ${array}[] = {\n${rows}    {0, 0, 0},\n};\n")
endfunction()

# embed_text(OUTPUT HEADER ARRAY FILE) writes OUTPUT, which defines what HEADER declares,
#   const unsigned char ARRAY[]  (a NUL at its end).
function(embed_text output header array file)
  read_bytes(${file} bytes)
  file(GENERATE OUTPUT ${output} CONTENT "#include \"${header}\"\n\nconst unsigned char ${array}[] = {${bytes}};\n")
endfunction()

# embed_statements(SOURCE HEADER FILE...) does so for single texts: `extern const char *const sql_job_select;` for job-select.sql.
function(embed_statements source header)
  set(texts "")
  set(names "")
  foreach(path IN LISTS ARGN)
    get_filename_component(name ${path} NAME_WE)
    string(REPLACE "-" "_" name ${name})
    read_bytes(${path} bytes)
    string(APPEND texts "static const unsigned char ${name}[] = {${bytes}};\n")
    string(APPEND texts "const char *const sql_${name} = (const char *)${name};\n")
    string(APPEND names "extern const char *const sql_${name};\n")
  endforeach()
  file(GENERATE OUTPUT ${source} CONTENT "#include \"store/sql_statements.h\"\n\n${texts}")
  file(GENERATE OUTPUT ${header} CONTENT "${names}")
endfunction()

# Packages, made by CPack: `cpack --preset release` a .deb, `cmake --build build --target package_source` the sources.
# Both have the same bytes whenever and wherever they are made from the same commit with the same tools.
set(CPACK_PACKAGE_NAME hbrsync)
set(CPACK_PACKAGE_CONTACT "The hbrsync authors <hbrsync@localhost.localdomain>" CACHE STRING "Maintainer of packages")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "copy Alibaba Cloud Backup restore jobs into SQLite")
set(CPACK_PACKAGE_DESCRIPTION
"hbrsync copies every restore job of Alibaba Cloud Backup (HBR) into a local
SQLite database, fetches only what changed on later runs, and says whether
the copy was proved complete. It prints reports and exports, makes copies for
BI tools, and writes metrics for Prometheus.
.
It comes with systemd units, which are disabled, and with examples for cron,
Grafana, Metabase, Superset, Datasette and DuckDB.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_THREADS 1)

set(CPACK_GENERATOR DEB)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
# The symbols used, which is all that SHLIBDEPS sees, would do with older libraries than were ever tried.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
string(JOIN ", " CPACK_DEBIAN_PACKAGE_DEPENDS
  "libcurl4t64 (>= ${HBRSYNC_CURL_MINIMUM}) | libcurl4 (>= ${HBRSYNC_CURL_MINIMUM})"
  "libjson-c5 (>= ${HBRSYNC_JSONC_MINIMUM})"
  "libsqlite3-0 (>= ${HBRSYNC_SQLITE_MINIMUM})"
  "libssl3t64 (>= ${HBRSYNC_OPENSSL_MINIMUM}) | libssl3 (>= ${HBRSYNC_OPENSSL_MINIMUM})"
  adduser)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "sqlite3, cron | systemd")
foreach(script postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_SOURCE_DIR}/packaging/${script})
endforeach()
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_SOURCE_GENERATOR External)
set(CPACK_SOURCE_PACKAGE_FILE_NAME hbrsync-${PROJECT_VERSION})
set(CPACK_EXTERNAL_PACKAGE_SCRIPT ${CMAKE_CURRENT_SOURCE_DIR}/packaging/source.cmake)

set(CPACK_HBRSYNC_SOURCE ${PROJECT_SOURCE_DIR})
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_SOURCE_DIR}/packaging/date.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/packaging/debian.cmake)
include(CPack)

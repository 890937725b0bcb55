/* The style sheet of the HTML page. */
#ifndef HBRSYNC_OUTPUT_HTML_STYLE_H
#define HBRSYNC_OUTPUT_HTML_STYLE_H

/* Its pieces, to be written one after another; ended by NULL. */
extern const char *const html_style[];

#endif

/* Two modules that keep a shelf and a tray: every type of field, with no device behind it. */
#ifndef SEKISHO_TESTS_FAKE_SETTINGS_H
#define SEKISHO_TESTS_FAKE_SETTINGS_H

#include "contract/module.h"

#define SHELF_BOOKS_MAX 4

struct shelf_grid {
    unsigned rows, cells;
    char text[32]; /* all cells, one after the other */
};

struct shelf_book {
    char title[17];
    uint16_t id;
    int kind;
    int64_t copies;
    unsigned tag_count;
    char tags[3][5];
    struct shelf_grid grid;
};

struct shelf_policy {
    int mode;
    int64_t limit; /* default 7 */
    bool strict;
    char owner[9];
    int64_t since_ms;
    unsigned book_count;
    struct shelf_book books[SHELF_BOOKS_MAX];
    bool finished;
};

struct lamp_agent {
    int64_t watts;
};

/* "shelf" in policy.json, "lamp" in agent.json; then "tray" in policy.json. */
extern const struct module fake_shelf, fake_tray;
extern const struct module *const fake_modules[];

/* How many structs of theirs are alive: what create() made and destroy() has not seen yet. */
extern int fake_settings_alive;

#endif

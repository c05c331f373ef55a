/* The shelf and the tray; see fake_settings.h. */
#include "fake_settings.h"
#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fake_settings_alive;

static int parse_id(const char *text, void *place)
{
    uint8_t bytes[2];
    if (text_unhex(bytes, 2, text) < 0)
        return -EINVAL;
    *(uint16_t *)place = (uint16_t)(bytes[0] << 8 | bytes[1]);
    return 0;
}

static int parse_date(const char *text, void *place)
{
    return clock_parse(text, place);
}

static int append_tag(void *target, const void *element, char message[static 256])
{
    struct shelf_book *book = target;
    for (unsigned i = 0; i < book->tag_count; i++)
        if (strcmp(book->tags[i], element) == 0)
            return -EEXIST;
    strcpy(book->tags[book->tag_count++], element);
    return 0;
}

static int append_cell(void *target, const void *element, char message[static 256])
{
    struct shelf_grid *row = target;
    strcat(row->text, element);
    row->cells++;
    return 0;
}

static int append_row(void *target, const void *element, char message[static 256])
{
    struct shelf_grid *grid = target;
    const struct shelf_grid *row = element;
    strcat(grid->text, row->text);
    grid->cells += row->cells;
    grid->rows++;
    return 0;
}

static int append_book(void *target, const void *element, char message[static 256])
{
    struct shelf_policy *policy = target;
    const struct shelf_book *book = element;
    for (unsigned i = 0; i < policy->book_count; i++)
        if (policy->books[i].id == book->id) {
            snprintf(message, 256, "a book with id %04x stands there already", book->id);
            return -EEXIST;
        }
    policy->books[policy->book_count++] = *book;
    return 0;
}

static const char *const MODES[] = {"open", "closed", "locked", NULL};
static const char *const KINDS[] = {"novel", "atlas", NULL};

static const struct bind_field TAG[] = {{.key = "", .type = BIND_TEXT, .minimum = 1, .maximum = 4}, {0}};
static const struct bind_field CELL[] = {{.key = "", .type = BIND_TEXT, .maximum = 2}, {0}};
static const struct bind_field GRID_ROW[] = {{.key = "",
                                                 .type = BIND_ARRAY,
                                                 .minimum = 1,
                                                 .maximum = 2,
                                                 .fields = CELL,
                                                 .element_size = 3,
                                                 .append = append_cell},
    {0}};

#define AT(member) .offset = offsetof(struct shelf_book, member)
static const struct bind_field BOOK_FIELDS[] = {
    {.key = "title",
        .type = BIND_TEXT,
        AT(title),
        .required = true,
        .plain = true,
        .minimum = 1,
        .maximum = 16},
    {.key = "id",
        .type = BIND_PARSED,
        AT(id),
        .required = true,
        .parse = parse_id,
        .expected = "four hexadecimal digits, such as \"46f4\""},
    {.key = "kind", .type = BIND_CHOICE, AT(kind), .choices = KINDS},
    {.key = "copies", .type = BIND_INTEGER, AT(copies), .minimum = -1, .maximum = (INT64_C(1) << 53) - 1},
    {.key = "tags", .type = BIND_ARRAY, .maximum = 3, .fields = TAG, .element_size = 5, .append = append_tag},
    {.key = "grid",
        .type = BIND_ARRAY,
        AT(grid),
        .maximum = 2,
        .fields = GRID_ROW,
        .element_size = sizeof(struct shelf_grid),
        .append = append_row},
    BIND_COMMENT,
    {0},
};
#undef AT
static const struct bind_field BOOK[] = {{.key = "", .type = BIND_OBJECT, .fields = BOOK_FIELDS}, {0}};

#define AT(member) .offset = offsetof(struct shelf_policy, member)
static const struct bind_field OWNER_FIELDS[] = {
    {.key = "name", .type = BIND_TEXT, AT(owner), .required = true, .minimum = 1, .maximum = 8},
    {.key = "since",
        .type = BIND_PARSED,
        AT(since_ms),
        .parse = parse_date,
        .expected = "a date, such as \"2027-03-31\""},
    {0},
};

static const struct bind_field SHELF_FIELDS[] = {
    {.key = "mode", .type = BIND_CHOICE, AT(mode), .choices = MODES},
    {.key = "limit", .type = BIND_INTEGER, AT(limit), .minimum = 1, .maximum = 100},
    {.key = "strict", .type = BIND_BOOLEAN, AT(strict)},
    {.key = "owner", .type = BIND_OBJECT, .fields = OWNER_FIELDS},
    {.key = "books",
        .type = BIND_ARRAY,
        .maximum = SHELF_BOOKS_MAX,
        .fields = BOOK,
        .element_size = sizeof(struct shelf_book),
        .append = append_book},
    BIND_COMMENT,
    {0},
};
#undef AT

static const struct bind_field SHELF_POLICY[] = {
    {.key = "shelf", .type = BIND_OBJECT, .fields = SHELF_FIELDS}, {0}};

static const struct bind_field LAMP_FIELDS[] = {
    {.key = "watts", .type = BIND_INTEGER, .required = true, .minimum = 1, .maximum = 60}, {0}};
static const struct bind_field SHELF_AGENT[] = {
    {.key = "lamp", .type = BIND_OBJECT, .fields = LAMP_FIELDS}, {0}};

static const struct bind_field TRAY_POLICY[] = {{.key = "tray", .type = BIND_BOOLEAN}, {0}};

static void *make(size_t size)
{
    void *made = calloc(1, size);
    fake_settings_alive += made != NULL;
    return made;
}

static void unmake(void *settings)
{
    fake_settings_alive--;
    free(settings);
}

static void *make_shelf(void)
{
    struct shelf_policy *policy = make(sizeof(*policy));
    if (policy)
        policy->limit = 7;
    return policy;
}

static int finish_shelf(void *settings, const struct clock *clock, char message[static 256])
{
    struct shelf_policy *policy = settings;
    if (policy->book_count > policy->limit) {
        snprintf(message, 256, "shelf.books: %u books, more than shelf.limit", policy->book_count);
        return -EINVAL;
    }
    policy->finished = true;
    return 0;
}

static void *make_lamp(void)
{
    return make(sizeof(struct lamp_agent));
}

static void *make_tray(void)
{
    return make(sizeof(bool));
}

const struct module fake_shelf = {
    .name = "shelf",
    .agent = {.fields = SHELF_AGENT, .create = make_lamp, .destroy = unmake},
    .policy = {.fields = SHELF_POLICY, .create = make_shelf, .finish = finish_shelf, .destroy = unmake},
};

const struct module fake_tray = {
    .name = "tray",
    .policy = {.fields = TRAY_POLICY, .create = make_tray, .destroy = unmake},
};

const struct module *const fake_modules[] = {&fake_shelf, &fake_tray, NULL};

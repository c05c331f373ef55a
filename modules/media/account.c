#include "media/account.h"

#include "record/reason.h"

#include <stdio.h>
#include <string.h>

/* The texts that an event borrows while it is recorded. */
struct account {
    char vendor[5], product[5];
    char kinds[DESCRIPTORS_INTERFACES][USB_CLASS_TEXT];
    const char *interfaces[DESCRIPTORS_INTERFACES + 1];
    const char *drivers[FACTS_BOUND_MAX + 1];
};

static void list_interfaces(struct account *account, const struct descriptors *descriptors)
{
    for (unsigned i = 0; i < descriptors->count; i++) {
        usb_class_format(descriptors->interfaces[i].kind, account->kinds[i]);
        account->interfaces[i] = account->kinds[i];
    }
}

static bool has_text(const char *const *list, const char *text)
{
    for (; *list; list++) {
        if (strcmp(*list, text) == 0)
            return true;
    }
    return false;
}

/* Each driver once. */
static void list_drivers(struct account *account, const struct facts *facts)
{
    unsigned count = 0;
    for (unsigned i = 0; i < facts->bound_count; i++) {
        if (facts->bound[i].driver[0] && !has_text(account->drivers, facts->bound[i].driver))
            account->drivers[count++] = facts->bound[i].driver;
    }
}

static const char *text_or_nothing(const char *text)
{
    return text && text[0] ? text : NULL;
}

static void fill_device(struct event *event, const struct facts *facts, struct account *account)
{
    snprintf(account->vendor, sizeof(account->vendor), "%04x", facts->vendor);
    snprintf(account->product, sizeof(account->product), "%04x", facts->product);
    list_interfaces(account, &facts->descriptors);
    list_drivers(account, facts);
    event_set_text(event, EVENT_DEVICE_NAME, facts->name);
    event_set_number(event, EVENT_DEVICE_NUMBER, facts->devnum);
    event_set_text(event, EVENT_DEVICE_PORT, text_or_nothing(facts->port));
    event_set_text(event, EVENT_VENDOR_ID, account->vendor);
    event_set_text(event, EVENT_PRODUCT_ID, account->product);
    event_set_text(event, EVENT_SERIAL, text_or_nothing(facts->serial));
    event_set_text(event, EVENT_MANUFACTURER, text_or_nothing(facts->manufacturer));
    event_set_text(event, EVENT_PRODUCT, text_or_nothing(facts->product_name));
    event_set_list(event, EVENT_INTERFACES, account->interfaces);
    event_set_list(event, EVENT_DRIVERS, account->drivers[0] ? account->drivers : NULL);
}

int account_record(struct host *host, enum event_kind kind, const struct present *present, enum reason why)
{
    const struct reason_row *reason = reason_row(why);
    struct account account = {0};
    struct event event = EVENT(kind);
    fill_device(&event, present->facts, &account);
    event_set_text(&event, EVENT_REASON, reason->code);
    event_set_text(&event, EVENT_REASON_TEXT, reason->english);
    event_set_text(&event, EVENT_LABEL, text_or_nothing(present->decision.label));
    if (present->was_there)
        event_set_boolean(&event, EVENT_WHILE_ABSENT, true);
    return host_record(host, &event);
}

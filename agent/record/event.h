/* Events: one table says which kinds there are, which fields each has and where OCSF 1.8.0 puts them. The encoder, the
 * schema (docs/events.schema.json) and the list (docs/events.md) are all made from it.
 *
 * A module fills a struct event and hands it to host->record(); texts are borrowed until that returns. */
#ifndef SEKISHO_RECORD_EVENT_H
#define SEKISHO_RECORD_EVENT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

enum event_kind {
    /* Peripheral Activity (1010) */
    EVENT_DEVICE_CONNECTED,    /* Connect, allowed: the kernel gate admitted it by its shape */
    EVENT_DEVICE_REFUSED,      /* Connect, denied; repeats are coalesced */
    EVENT_DEVICE_OBSERVED,     /* Connect, allowed though it would be refused: observe mode */
    EVENT_DEVICE_ALLOWED,      /* Enable: admitted by the daemon; recorded before it acts */
    EVENT_DEVICE_TAKEN_BACK,   /* Disable: what was admitted is closed again */
    EVENT_DEVICE_DISCONNECTED, /* Disconnect */
    EVENT_DEVICE_KEPT,         /* Connect, allowed: in use at installation, or the system's own disk */
    EVENT_INPUT_SECOND_KEYBOARD,
    EVENT_INPUT_UNATTENDED, /* an input device that came while no agent ran */
    /* Application Lifecycle (6002) */
    EVENT_AGENT_STARTED,
    EVENT_AGENT_STOPPED,
    EVENT_POLICY_CHANGED,
    EVENT_SETTINGS_REFUSED,
    EVENT_OBSERVE_STARTED,
    EVENT_OBSERVE_ENDED,
    /* Detection Finding (2004) or as the table says */
    EVENT_DRIFT_FOUND,
    /* Event Log Activity (1008) */
    EVENT_UNOBSERVED_INTERVAL,
    EVENT_SPOOL_RESET,
    EVENT_EVENTS_LOST,
    /* Device Inventory Info (5001) */
    EVENT_HEARTBEAT,
    EVENT_KIND_COUNT,
};

/* What a kind may carry; where each goes in the OCSF object is the table's business. */
enum event_field {
    EVENT_REASON,            /* text: reason code, e.g. "M-03"; → status_code */
    EVENT_REASON_TEXT,       /* text: English sentence; → status_detail */
    EVENT_DEVICE_NAME,       /* text: sysfs name, "2-1.3" */
    EVENT_DEVICE_NUMBER,     /* number: devnum */
    EVENT_DEVICE_PORT,       /* text: bus-independent port path, "1.3" of which controller */
    EVENT_VENDOR_ID,         /* text: four hex digits */
    EVENT_PRODUCT_ID,        /* text: four hex digits */
    EVENT_SERIAL,            /* text, any bytes: made UTF-8 by the encoder */
    EVENT_MANUFACTURER,      /* text, any bytes */
    EVENT_PRODUCT,           /* text, any bytes */
    EVENT_INTERFACES,        /* list: "CC:SS:PP" of every interface of every configuration */
    EVENT_DRIVERS,           /* list: drivers found bound */
    EVENT_LABEL,             /* text: the policy entry's label */
    EVENT_WHILE_ABSENT,      /* boolean: was there already when the agent started */
    EVENT_COUNT_REPEATED,    /* number: how many repeats this event stands for */
    EVENT_INTERVAL_FROM_MS,  /* number: start of an interval, ms since 1970 UTC */
    EVENT_INTERVAL_TO_MS,    /* number */
    EVENT_INTERVAL_CLEAN,    /* boolean: the agent had stopped in order */
    EVENT_POLICY_SHA256,     /* text: hash of the policy in force */
    EVENT_POLICY_VERSION,    /* number */
    EVENT_OLD_POLICY_SHA256, /* text */
    EVENT_FILE,              /* text: path of a settings file */
    EVENT_LINE,              /* number */
    EVENT_COLUMN,            /* number */
    EVENT_MESSAGE,           /* text: what was wrong, what was expected */
    EVENT_DRIFT_WHAT,        /* text: attribute or file that drifted */
    EVENT_DRIFT_FOUND_VALUE, /* text */
    EVENT_DRIFT_EXPECTED,    /* text */
    EVENT_DRIFT_MENDED,      /* boolean */
    EVENT_UNTIL_MS,          /* number: observe mode ends */
    EVENT_ENFORCEMENT,       /* text: "enforce" or "observe" */
    EVENT_SPOOL_EVENTS,      /* number: events in the spool */
    EVENT_SPOOL_BYTES,       /* number */
    EVENT_LOST_COUNT,        /* number */
    EVENT_OLD_CHAIN,         /* text: chain_uid of the chain that ended */
    EVENT_OLD_SEQUENCE,      /* number: its last sequence known to state.db */
    EVENT_OLD_HASH,          /* text: hex */
    EVENT_SET_ASIDE_AS,      /* text: name of the file set aside */
    EVENT_HEAD_SEQUENCE,     /* number: heartbeat: the head that is signed */
    EVENT_HEAD_HASH,         /* text: hex */
    EVENT_HEAD_SIGNATURE, /* text: hex, Ed25519 over "sekisho/head/v1\0" and canonical {chain_uid,hash,sequence} */
    EVENT_CLOCK_OFFSET_MS, /* number: realtime − boottime − their difference at agent start */
    EVENT_FIELD_COUNT,
};

enum event_value_type {
    EVENT_VALUE_NONE,
    EVENT_VALUE_TEXT,
    EVENT_VALUE_NUMBER,
    EVENT_VALUE_BOOLEAN,
    EVENT_VALUE_LIST
};

struct event_value {
    enum event_value_type type;
    union {
        const char *text;
        int64_t number;
        bool boolean;
        const char *const *list; /* NULL-terminated */
    };
};

struct event {
    enum event_kind kind;
    struct event_value values[EVENT_FIELD_COUNT];
};

#define EVENT(kind_)                                                                                         \
    (struct event)                                                                                           \
    {                                                                                                        \
        .kind = (kind_)                                                                                      \
    }

/* NULL text or list, or empty text: the field is left out. */
void event_set_text(struct event *event, enum event_field field, const char *text);
void event_set_number(struct event *event, enum event_field field, int64_t number);
void event_set_boolean(struct event *event, enum event_field field, bool boolean);
void event_set_list(struct event *event, enum event_field field, const char *const *list);

/* Whence and when: what the recorder adds to every event. Texts borrowed. */
struct event_origin {
    const char *terminal_id,
        *section; /* section may be NULL; → device.uid / device.hostname, device.groups */
    const char *product_version;
    const char *uid;       /* UUIDv7, given once */
    const char *chain_uid; /* UUIDv7 of the chain */
    const char *boot_id;
    int64_t sequence; /* from 1 within the chain */
    int64_t time_ms;  /* since 1970 UTC */
    int64_t boottime_ms;
    const char *prev_hash; /* 64 hex digits; 64 zeros for a chain's first event */
};

/* How a field's value is made, and where it stands in the OCSF object: a path of member names, "unmapped.sekisho.line". */
struct event_field_row {
    enum event_field field;
    const char *path;
    enum event_value_type type;
    unsigned maximum;    /* TEXT, an item of a LIST: bytes that are kept, cut at a character's border */
    unsigned hex_digits; /* TEXT: exactly so many lower-case ones; 0: any text */
    const char *const *choices; /* TEXT: one of these, NULL-terminated; NULL: any text */
    bool as_text;               /* NUMBER: written as a decimal string, where OCSF wants one */
    const char *meaning;        /* English, for the documents */
};

#define EVENT_TEXT_MAX 1024 /* the longest maximum */
#define EVENT_LIST_MAX 256  /* items; what is beyond is left out */

const struct event_field_row *event_field_row(enum event_field field);

/* Properties that the recorder acts on. */
enum event_weight {
    EVENT_ORDINARY,
    EVENT_RESERVED /* denials, authentication, the chain's own: may use the reserve */
};

struct event_kind_row {
    enum event_kind kind;
    const char *name; /* "device_refused" */
    unsigned class_uid, activity_id, severity_id;
    unsigned action_id, disposition_id, status_id; /* OCSF constants of the kind; 0: has none */
    bool alert;                                    /* → is_alert */
    enum event_weight weight;
    bool coalesce;     /* repeats within 60 s become one second event with a count */
    const char *title; /* English, one line: → message, docs */
    const char *title_ja;
    const enum event_field *required, *optional; /* each ends in EVENT_FIELD_COUNT */
};

const struct event_kind_row *event_kind_row(enum event_kind kind);
bool event_kind_has(const struct event_kind_row *row, enum event_field field);
bool event_kind_requires(const struct event_kind_row *row, enum event_field field);

/* The OCSF object. -EINVAL when a required field is missing, one is set that the kind does not have, has another type or
 * other digits or another choice than its row says, or a reason that is no code (a fault in the caller; tests show each
 * kind). The object has no `hash` yet. */
int event_encode(
    const struct event *event, const struct event_origin *origin, struct json_object **ret_object);

#endif

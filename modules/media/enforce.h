/* From facts to deeds: decides about one present device, closes or opens its interfaces, and records. Refusals act first and
 * are recorded next; admissions are recorded first and act next. */
#ifndef SEKISHO_MEDIA_ENFORCE_H
#define SEKISHO_MEDIA_ENFORCE_H

#include "media/media.h"

/* present->facts have just been read through device. What is news is recorded, what is not so yet is done; so it may be called any
 * number of times, and is, with each event of the device and each heartbeat. */
void enforce(struct media *media, int device, struct present *present);

/* How often interfaces may be opened, or asked for, between two heartbeats: one that does not obey costs no endless work. */
unsigned enforce_attempts(const struct facts *facts);

/* What people are told: an admission that could not be recorded is a refusal. */
struct decision enforce_shown(const struct present *present);

#endif

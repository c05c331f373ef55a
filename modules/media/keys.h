/* Can somebody type with it? A keyboard need not call itself a boot keyboard; the kernel, once it has read the report descriptor,
 * says which keys an input device has. */
#ifndef SEKISHO_MEDIA_KEYS_H
#define SEKISHO_MEDIA_KEYS_H

#include <stdbool.h>

/* Are all letters in a bitmap of keys as sysfs shows it: words in hexadecimal, the highest first ("10000 7 ff800000 7ff febeffdf")?
 * By KEY_Q to KEY_M of linux/input-event-codes.h. No I/O. */
bool keys_have_letters(const char *bitmap);

/* Has an input device below this interface's open folder all letters? False while its driver has not made any. */
bool keys_of_interface_have_letters(int interface);

#endif

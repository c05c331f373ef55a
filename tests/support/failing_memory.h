/* Memory that fails on demand. Links with the wrapped allocators that tests.mk names: whatever our own code asks for goes through
 * here, what libraries ask for themselves does not. */
#ifndef SEKISHO_TESTS_FAILING_MEMORY_H
#define SEKISHO_TESTS_FAILING_MEMORY_H

#include <stdbool.h>

/* From now on the nth request (from 1) fails, and each after it too when all_after. */
void failing_memory_begin(unsigned nth, bool all_after);

/* Nothing fails any more. Returns whether any request did: when none did, the nth lies past the end of the work. */
bool failing_memory_end(void);

#endif

/* agent.json under arbitrary bytes; see support/fuzz_settings.h. */
#include "../support/fuzz_settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_settings_texts(SETTINGS_AGENT, data, size);
    return 0;
}

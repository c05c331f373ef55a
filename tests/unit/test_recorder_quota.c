/* What the spool has room for. */
#include "core/store/recorder_quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MIB (INT64_C(1) << 20)

static const struct quota_limits limits = {.bytes = 64 * MIB, .reserve_bytes = 4 * MIB};

static enum quota_verdict ask(enum event_weight weight, bool heartbeat, int64_t used_bytes, int64_t since_ms)
{
    struct quota_question question = {weight, heartbeat, used_bytes, since_ms};
    return quota_decide(&limits, &question);
}

static void test_quota_keeps_the_reserve_for_reserved_kinds(void **state)
{
    const int64_t ordinary_end = 60 * MIB - QUOTA_EVENT_BYTES, end = 64 * MIB - QUOTA_EVENT_BYTES;
    assert_int_equal(ask(EVENT_ORDINARY, false, 0, -1), QUOTA_KEEP);
    assert_int_equal(ask(EVENT_ORDINARY, false, ordinary_end, -1), QUOTA_KEEP);
    assert_int_equal(ask(EVENT_ORDINARY, false, ordinary_end + 1, -1), QUOTA_LOSE);
    assert_int_equal(ask(EVENT_RESERVED, false, ordinary_end + 1, -1), QUOTA_KEEP);
    assert_int_equal(ask(EVENT_RESERVED, false, end, -1), QUOTA_KEEP);
    assert_int_equal(ask(EVENT_RESERVED, false, end + 1, -1), QUOTA_LOSE);
}

static void test_quota_merges_heartbeats_only_while_it_presses(void **state)
{
    assert_false(quota_presses(&limits, 45 * MIB - 1));
    assert_true(quota_presses(&limits, 45 * MIB));
    assert_int_equal(ask(EVENT_ORDINARY, true, 45 * MIB - 1, 1000), QUOTA_KEEP);
    assert_int_equal(ask(EVENT_ORDINARY, true, 45 * MIB, 1000), QUOTA_MERGE);
    assert_int_equal(ask(EVENT_ORDINARY, true, 45 * MIB, QUOTA_HEARTBEAT_MS - 1), QUOTA_MERGE);
    assert_int_equal(ask(EVENT_ORDINARY, true, 45 * MIB, QUOTA_HEARTBEAT_MS), QUOTA_KEEP);
    assert_int_equal(ask(EVENT_ORDINARY, true, 45 * MIB, -1), QUOTA_KEEP);
    assert_int_equal(ask(EVENT_ORDINARY, false, 45 * MIB, 1000), QUOTA_KEEP);
    assert_int_equal(ask(EVENT_ORDINARY, true, 60 * MIB, 1000), QUOTA_LOSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quota_keeps_the_reserve_for_reserved_kinds),
        cmocka_unit_test(test_quota_merges_heartbeats_only_while_it_presses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

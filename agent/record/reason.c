#include "record/reason.h"

#include <string.h>

static const struct reason_row REASONS[REASON_COUNT] = {
    [REASON_INPUT] = {"M-01", "Input devices and hubs may be used.",
        "キーボード、マウス、ハブなどは使えます。"},
    [REASON_READER] = {"M-02", "Card readers may be used.", "カードリーダーは使えます。"},
    [REASON_MEDIUM_NOT_REGISTERED] = {"M-03", "This USB medium is not registered.",
        "このUSBメモリは登録されていないため使えません。キーボードなどはそのまま使えます。"},
    [REASON_NOT_DISTINGUISHABLE] = {"M-04",
        "This USB medium cannot be told from others of its make (no serial number, or the same one twice), "
        "so it cannot be "
        "registered.",
        "このUSBメモリは製品の仕様で1本ずつ区別できないため、登録できません。"},
    [REASON_MEDIUM_NOT_MOUNTABLE] = {"M-05",
        "This USB medium is registered, but this version of the agent cannot mount registered media.",
        "このUSBメモリは登録されていますが、現在の版では開けません。"},
    [REASON_MEDIUM_ENDED] = {"M-06", "The registration of this USB medium has ended.",
        "このUSBメモリの登録期間は終了しました。"},
    [REASON_DEVICE_NOT_LISTED] = {"M-07", "This USB device is not listed in the policy.",
        "このUSB機器は許可されていないため使えません。"},
    [REASON_DATA_BESIDE_INPUT] = {"M-08",
        "This USB device shows storage, network or another data function beside an input one; neither may be "
        "used.",
        "この機器は入力機器のほかにデータを扱う機能を持つため、どちらの機能も使えません。"},
    [REASON_INPUT_NOT_LISTED] = {"M-09", "Only listed input devices may be used on this terminal.",
        "この端末では、許可された入力機器だけが使えます。"},
    [REASON_FOREIGN_DRIVER] = {"M-10",
        "This USB device claims to be an input device or reader, but another driver took it; it was closed.",
        "この機器は入力機器を名乗りましたが、別の機器として動いたため止めました。"},
    [REASON_DESCRIPTORS] = {"M-11", "What this USB device says about itself makes no sense.",
        "この機器が示す情報が正しくないため使えません。"},
    [REASON_OTHER_INTERFACES] = {"M-12",
        "A device with these ids is listed, but this one shows other interfaces than the entry.",
        "許可された機器と機能の構成が異なるため使えません。"},
    [REASON_OTHER_PORT] = {"M-13", "This USB device is listed for another port.",
        "この機器は別の差込口でだけ使えます。"},
    [REASON_ENTRY_ENDED] = {"M-14", "The permission of this USB device has ended.",
        "この機器の許可期間は終了しました。"},
    [REASON_NO_INTERFACE] = {"M-15", "This USB device shows no interface at all.",
        "この機器は機能を示さないため使えません。"},
    [REASON_TOO_MANY] = {"M-16", "More USB devices are present than the agent keeps track of.",
        "接続されたUSB機器が多すぎるため使えません。"},
    [REASON_NOT_RECORDED] = {"M-17", "The admission could not be recorded, so this USB device stays closed.",
        "記録を保存できないため、この機器を使えるようにできません。"},
    [REASON_FOUND_OPEN] = {"M-18",
        "An interface of this USB device that may not be used was found open; it was closed again.",
        "この機器の使えない機能が開かれていたため、閉じました。"},
    [REASON_GONE] = {"M-19", "This USB device was unplugged before the agent could look at it and record it.",
        "確認と記録の前に取り外されました。"},
    [REASON_LISTED] = {"M-20", "This USB device is listed in the policy.", "この機器は許可されています。"},
    [REASON_IN_USE] = {"M-21",
        "In use when the agent was installed: stays until it is unplugged or the terminal restarts.",
        "導入時に使われていた機器です。抜くか再起動するまで使えます。"},
    [REASON_OWN_DISK] = {"M-22", "The terminal itself runs from this disk.",
        "この端末のシステムが入っているディスクです。"},
};

const struct reason_row *reason_row(enum reason reason)
{
    return &REASONS[reason];
}

bool reason_is_code(const char *text)
{
    for (enum reason reason = 0; reason < REASON_COUNT; reason++)
        if (strcmp(REASONS[reason].code, text) == 0)
            return true;
    return false;
}

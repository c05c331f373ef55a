"""Installing in a running machine, removing and purging: at once closed, at once as before."""


from case import case, check
from cases_1_states import a_round
from device import Hub, Keyboard, Mouse, NetworkAdapter, Phone, Reader, SerialAdapter, Stick, UasDisk
from machine import Failed


def present(terminal, kind):
    return next(device for device in terminal.machine.present if isinstance(device, kind))


def wait_disk(terminal, mark, port, timeout=40):
    return terminal.record.wait(
        lambda event: event.action == "add" and event.keys.get("DEVTYPE") == "disk" and event.usb_port == port, mark, timeout,
        f"the disk at port {port}")


@case("running", "without the package a stick is a disk, an adapter a network interface: the tests can see what must not be")
def sees_without_package(terminal):
    wait_disk(terminal, (0, 0), "1")
    terminal.record.wait(lambda event: event.action == "add" and event.subsystem == "net" and event.usb_port == "8", timeout=40, what="the network interface")
    found = "\n".join(terminal.record.forbidden())
    for kind in ("disk", "SCSI host", "network interface", "driver usb-storage", "log: scsi host"):
        check(kind in found, f"the record does not see a {kind}: {found}")
    try:
        terminal.expect_nodes_closed()
    except Failed as error:
        check("can be read" in str(error), f"the nodes: {error}")
    else:
        check(False, "no node of a USB device can be opened, though nothing closes them")
    mark = terminal.record.mark()
    with terminal.plugged(SerialAdapter(port="9")):
        terminal.record.wait(lambda event: event.path.endswith("/tty/ttyUSB0"), mark, 40, "ttyUSB0")
        check(any(sentence.startswith("tty") for sentence in terminal.record.forbidden(mark)), "the record does not see a tty")


@case("running", "installing: what is in use goes on (mounted stick, network with the default route, keyboard), listed and recorded")
def installing_keeps_what_is_in_use(terminal):
    terminal.run("mkfs.ext4 -q /dev/sda && mount /dev/sda /mnt")
    net = terminal.run("ls -d /sys/class/net/*; for n in /sys/class/net/*; do readlink -f $n | grep -q /usb && echo ${n##*/} > /run/vm-net; done; cat /run/vm-net").split()[-1]
    terminal.run(f"ip link set {net} up; ip addr add 10.0.2.15/24 dev {net}; ip route add default via 10.0.2.2")
    terminal.installing = terminal.record.mark()
    output = terminal.run("dpkg --install /opt/vm/sekisho.deb", timeout=300)
    for word in ("1-8", "2-1"):
        check(word in output, f"the postinst does not name {word}: {output}")
    terminal.wait_agent()
    terminal.run(f"ls /mnt/lost+found && touch /mnt/still && ip link show {net} && ip route | grep -q default")
    lost = [event for event in terminal.record.since(terminal.installing)
            if event.action in ("unbind", "remove") and event.usb_port in ("1", "3", "8") and event.keys.get("DEVTYPE") == "usb_interface"]
    check(not lost, f"lost while installing: {lost}")
    for port in ("1", "8"):
        terminal.wait_event(kind="device_kept", port=port)


@case("running", "installing: an idle phone that nothing uses is refused, new plugs are refused at once")
def installing_refuses_the_rest(terminal):
    mark = terminal.installing
    stick, disk = Stick(port="5", serial="U2"), UasDisk(port="6")
    with terminal.plugged(stick, disk):
        terminal.settle()
        check(not terminal.record.forbidden(mark), f"{terminal.record.forbidden(mark)}")
        terminal.expect_refused([stick, disk], mark)


@case("running", "re-plugged, what was in use at installation is refused like any other")
def replugged_is_refused(terminal):
    terminal.run("umount /mnt")
    old = present(terminal, Stick)
    terminal.unplug(old)
    stick = Stick(port="1", serial="U1")
    with terminal.plugged(stick) as mark:
        terminal.settle()
        terminal.expect_refused([stick], mark)
        terminal.wait_event(kind="device_refused", port="1")


@case("running", "`sekisho adopt` proposes a policy for what is present, and that policy admits it")
def adopt_admits(terminal):
    phone, adapter = present(terminal, Phone), present(terminal, NetworkAdapter)
    terminal.unplug(adapter)
    again = NetworkAdapter(port="8")
    with terminal.plugged(again) as mark:
        terminal.wait_event(kind="device_refused", port="8")
        terminal.run("cp -a /etc/sekisho/policy.json /run/vm-policy.before; sekisho adopt --json > /run/adopted.json; sekisho policy apply /run/adopted.json")
        terminal.record.wait(lambda event: event.action == "add" and event.subsystem == "net" and event.usb_port == "8", mark, 40, "the network interface")
        terminal.run("sekisho policy apply /run/vm-policy.before")
        terminal.record.wait(lambda event: event.action == "remove" and event.subsystem == "net" and event.usb_port == "8", mark, 40, "the network interface gone")
    terminal.unplug(phone)


@case("running", "all states hold here too: seven kinds refused; hub, keyboard, mouse, tablet, reader work at once")
def holds_after_installing(terminal):
    terminal.unplug(present(terminal, Keyboard))
    a_round(terminal)


@case("running", "removed: a stick becomes a disk again, keyboard and mouse work, nothing of the gate is left in the kernel")
def removed(terminal):
    terminal.run("dpkg --remove sekisho", timeout=300)
    works_as_before(terminal)


@case("running", "installed once more and purged: the same, and no file is left")
def purged(terminal):
    terminal.run("dpkg --install /opt/vm/sekisho.deb", timeout=300)
    stick = Stick(port="1", serial="U4")
    with terminal.plugged(stick) as mark:
        terminal.settle()
        terminal.expect_refused([stick], mark)
    terminal.run("dpkg --purge sekisho", timeout=300)
    works_as_before(terminal)
    left = terminal.run("find /etc /lib/udev /usr/lib /usr/share /usr/sbin /usr/bin /var/lib /run -xdev -name '*sekisho*' -not -path '/var/lib/dpkg/*' -not -path '/run/udev/*' -not -path '/var/lib/systemd/deb-systemd*'; true").splitlines()
    check(not left, f"left behind: {left}")


def works_as_before(terminal):
    mark = terminal.record.mark()
    stick, disk, keyboard, mouse, hub = Stick(port="1"), UasDisk(port="2"), Keyboard(port="3"), Mouse(port="4"), Hub(port="6")
    with terminal.plugged(stick, disk, keyboard, mouse, hub):
        wait_disk(terminal, mark, "1")
        wait_disk(terminal, mark, "2")
        terminal.expect_usable([keyboard, mouse, hub], mark)


@case("purged", "at power-on all ten devices work as if Sekisho had never been there")
def as_if_never_there(terminal):
    for port in ("1", "2", "6.1"):
        wait_disk(terminal, (0, 0), port)
    terminal.record.wait(lambda event: event.action == "add" and event.subsystem == "net" and event.usb_port == "8", timeout=40, what="the network interface")
    for device in terminal.machine.present:
        if device.binds:
            terminal.record.wait(lambda event: event.action == "bind" and event.usb_port == device.port and event.keys.get("DRIVER") == device.binds, timeout=30, what=str(device))
    terminal.run("[ $(cat /sys/module/usbcore/parameters/authorized_default) != 0 ]")
    left = terminal.run("lsinitramfs /boot/initrd.img-* | grep sekisho; true")
    check(not left, f"in the initramfs: {left}")
    terminal.expect_usable([device for device in terminal.machine.present if isinstance(device, Reader)], (0, 0))

# What the first process of User-Mode Linux has to do: the root is the host's own file tree.

begin_uml() {
    # To an ordinary user's lab root's files belong to nobody, and so would a setuid program such as mount.
    [ "$(stat -c %u /bin/mount)" = 0 ] || setpriv --no-new-privs mount -o remount,nosuid /
    mount -t proc proc /proc
    mount -t sysfs sysfs /sys
    mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
    ln -sfn /proc/self/fd /dev/fd
    ln -sfn fd/0 /dev/stdin
    ln -sfn fd/1 /dev/stdout
    ln -sfn fd/2 /dev/stderr
    mkdir -p /dev/shm /dev/pts
    mount -t tmpfs tmpfs /dev/shm
    mount -t devpts devpts /dev/pts
    case "$lab:$directory" in
    *:/run/* | /run/*) mkdir -p /run/netns ;;
    *) mount -t tmpfs tmpfs /run ;;
    esac
    ulimit -n 65536
    # Console and kernel messages go to the console; whatever this script prints, to the lab's log.
    exec </dev/null >&"$log" 2>&1
    local entry
    while IFS= read -r -d '' entry; do
        [[ ${entry%%=*} =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || continue # Functions of a shell: bash cannot take them over.
        [[ ${entry%%=*} =~ ^(_|SHLVL|PWD|OLDPWD|UID|EUID|PPID|BASHOPTS|SHELLOPTS)$ ]] && continue
        export "${entry?}"
    done <"$lab/.lab/environment"
    PATH=$PATH:/usr/sbin:/sbin
    rm -f "$lab/.lab/environment"
    load_modules
}

load_modules() {
    local wanted=(xfrm_user veth bridge)
    [ -n "$hide_modules" ] || wanted+=(drbg esp4 esp6)
    modprobe -a "${wanted[@]}" || fail "the kernel's modules cannot be loaded (${wanted[*]})" "$lab/.lab/log"
    [ -z "$hide_modules" ] || mount -t tmpfs -o ro tmpfs /lib/modules
}

power_off() {
    sync
    echo o >/proc/sysrq-trigger || poweroff -f
    sleep 10 # The kernel needs a moment; when its first process ended, it would call that a crash.
}

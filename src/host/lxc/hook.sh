#!/bin/sh
# Read by a shell of LXC's on the host before a container's init, at its start and after each reboot from within, also while the
# daemon is down. Nearly only built-ins, so that it costs two processes. $1: the container's run-time directory, $2: its
# link, $3 and $4: its gateways. It lets the link answer for the gateways and puts the levels in force, in the order of
# the lines of `levels`, where INIT stands for init's process id:
#   write FILE TEXT   the text is written to the kernel's file
#   tell FILE TEXT    the same where there is such a file; a refusal refuses nothing
#   tc ARGUMENT...    a line for tc(8); all of them are given to one tc, after everything else
#   ipc ID FILE TEXT  the text is written to the file by user ID in init's IPC namespace
#   empty DIRECTORY   loses all that is in it, when the guest rebooted
#   run PROGRAM...    is run, by its absolute path
#   try PROGRAM...    is run; its failure refuses nothing

fail() {
  echo "$1" > "$dir/refused"
  exit 1
}

dir=$1
link=$2

# LXC's own entries are not lasting: the kernel flushes them when it hears, sooner or later, that the link had no
# carrier while the guest's side was still down. It goes on beside what follows.
/bin/ip -force -batch - <<END &
neighbour replace proxy $3 dev $link
neighbour replace proxy $4 dev $link
END
neighbours=$!
# Proxy ARP and NDP answer for the gateway; by default they wait up to 0.8 s before they do.
echo 0 > "/proc/sys/net/ipv4/neigh/$link/proxy_delay"
[ -e "/proc/sys/net/ipv6/neigh/$link" ] && echo 0 > "/proc/sys/net/ipv6/neigh/$link/proxy_delay"

runs=0
if [ -e "$dir/init" ]; then
  read -r runs rest < "$dir/init"
  # The monitor's log grows with each reboot and the guest decides how often that is.
  : > "$dir/log"
fi

if [ -e "$dir/levels" ]; then
  # Words are split at spaces and nothing else is made of them.
  set -f
  shaping=
  while read -r verb first rest; do
    case $first in */INIT/*) first=${first%%INIT*}$LXC_PID${first#*INIT} ;; esac
    case $rest in *INIT*) rest=${rest%%INIT*}$LXC_PID${rest#*INIT} ;; esac
    # shellcheck disable=SC2086
    case $verb in
      write) echo "$rest" > "$first" || fail "$rest to $first" ;;
      tell) [ ! -e "$first" ] || echo "$rest" > "$first" || : ;;
      tc)
        shaping="$shaping$first $rest
"
        ;;
      ipc)
        echo "${rest#* }" |
          /usr/bin/nsenter --ipc -t "$LXC_PID" -S "$first" -- /usr/bin/tee "${rest%% *}" > /dev/null || fail "$rest"
        ;;
      empty) [ "$runs" = 0 ] || /usr/bin/find "$first" -xdev -mindepth 1 -delete < /dev/null ;;
      run) "$first" $rest < /dev/null || fail "$first $rest" ;;
      try) "$first" $rest < /dev/null || : ;;
    esac
  done < "$dir/levels"
  if [ -n "$shaping" ]; then
    printf '%s' "$shaping" | /sbin/tc -batch - || fail "$shaping"
  fi
fi

wait "$neighbours"
echo "$((runs + 1)) $LXC_PID" > "$dir/init"
exit 0

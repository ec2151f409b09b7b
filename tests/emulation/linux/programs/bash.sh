# SPDX-License-Identifier: BSD-2-Clause
# bash: what its own features ask of the kernel.
set -u
echo "pipes: $(printf 'b\na\nc\n' | sort | tr -d '\n')"
diff <(seq 1 5) <(seq 1 5) && echo "process substitution"
exec 5<>/tmp/fifo.$$ 2>/dev/null || true
coproc CAT { cat; }
cat_pid=$CAT_PID # the variable goes when cat does
echo through >&"${CAT[1]}"
read -r line <&"${CAT[0]}"
echo "coproc: $line"
eval "exec ${CAT[1]}>&-"
wait "$cat_pid"
echo "coproc ended: $?"
trap 'echo "caught USR1"' USR1
kill -USR1 $BASHPID
(trap 'echo "subshell exit"' EXIT; exit 7)
echo "subshell: $?"
sleep 100 &
{ kill %1; wait $!; } 2>/dev/null # bash tells of it when it sees it
echo "killed job: $?"
for i in 1 2 3; do (exit $i) & pids[i]=$!; done
for i in 1 2 3; do wait "${pids[i]}"; echo "job $i: $?"; done
cat <<< "here string"
ulimit -n 64; ulimit -n
mkfifo f; (echo via fifo >f &) ; cat f
printf '%s\n' {a..e}{1..3} | wc -l
[[ -d /proc/self/fd && -r /dev/null ]] && echo "files"
time_out=0; read -r -t 0.05 x < <(sleep 1) || time_out=$?
[ "$time_out" -gt 128 ] && echo "read timed out"
set -m
sh -c 'kill -STOP $$; echo continued' &
until [ "$(ps -o state= -p $! | tr -d ' ')" = T ]; do :; done
jobs -l | sed 's/[0-9][0-9]* //' | awk '{ print $1, $2 }'
fg %1 >/dev/null
echo "arrays: ${#BASH_VERSINFO[@]}"

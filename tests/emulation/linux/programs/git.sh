# SPDX-License-Identifier: BSD-2-Clause
# git: commit, branch, merge, gc, clone over a socket, bisect, worktrees.
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
export GIT_AUTHOR_DATE='2001-01-01T00:00:00Z' GIT_COMMITTER_DATE='2001-01-01T00:00:00Z' GIT_PAGER=cat GIT_CONFIG_NOSYSTEM=1
git config --global init.defaultBranch main; git config --global safe.directory '*'
git init -q r; cd r || exit
for i in $(seq 1 30); do seq 1 $((i * 50)) >"f$((i % 7))"; git add .; git commit -qm "commit $i"; done
git log --oneline | head -n 3; git rev-parse HEAD
git checkout -qb side HEAD~5; echo side >s; git add s; git commit -qm side
git checkout -q main; git merge -q --no-edit side; git log --graph --oneline | head -n 4
git gc -q --prune=now; git count-objects -v | grep -E '^(count|packs|garbage)'; git fsck --full 2>&1 | tail -n 1
cd ..; git clone -q --bare r b.git; git clone -q b.git c; diff -r --exclude=.git r c && echo "the same"
# Over a socket: upload-pack behind a unix socket, as ssh would have it.
cat >proxy.py <<'END'
import os, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX); s.bind('sock'); s.listen(1); open('ready', 'w').close()
c, _ = s.accept()
subprocess.run(['git', 'upload-pack', 'b.git'], stdin=c, stdout=c)
END
cat >connect.py <<'END'
import os, select, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(os.environ['SOCK'])
fds = [0, s.fileno()]
while fds:
    for fd in select.select(fds, [], [])[0]:
        data = os.read(fd, 65536)
        if fd == 0:
            if data: s.sendall(data)
            else: s.shutdown(socket.SHUT_WR); fds.remove(0)
        elif data: os.write(1, data)
        else: sys.exit(0)
END
python3 proxy.py & while [ ! -e ready ]; do sleep 0.02; done
SOCK=$PWD/sock GIT_SSH_COMMAND="python3 $PWD/connect.py" git clone -q ssh://h/b.git d && git -C d log --oneline | wc -l
wait; diff -r --exclude=.git r d && echo "over a socket"
cd c || exit; git worktree add -q ../w HEAD~3; git -C ../w rev-parse HEAD; echo change >>f1; git diff --stat; git stash -q; git status -s; git stash pop -q; git status -s
git bisect start -q HEAD HEAD~20 >/dev/null; git bisect run sh -c '[ "$(wc -l <f1 2>/dev/null || echo 0)" -lt 1000 ]' 2>/dev/null | grep 'first bad' ; git bisect reset -q 2>/dev/null
git format-patch -q -1 HEAD --stdout | wc -l; git blame -s f2 | head -n 1; git grep -c 999 | head -n 2; git archive HEAD | tar t | head -n 3

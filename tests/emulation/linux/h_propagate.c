/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounts that follow each other: shared, private, slave, unbindable.  On a host
 * with name spaces each case works in one of its own.
 *
 * All happens on a tmpfs at /tmp/peers, with directories a, b, c ... in which other
 * tmpfs are mounted.
 */
#include "trace.h"
#include <stdbool.h>
#include <sys/mount.h>

#define P "/tmp/peers"

#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 4
#endif

static void
start(void)
{
	if (unshare(CLONE_NEWNS) == 0)
		EQ(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	/* What a case that was stopped has left. */
	while (umount2(P, MNT_DETACH) == 0)
		continue;
	mkdir(P, 0755);
	EQ(mount("top", P, "tmpfs", 0, NULL), 0);
}

static void
tmpfs(const char *on)
{
	mkdir(on, 0755);
	if (mount("fs", on, "tmpfs", 0, NULL) != 0)
		FAIL("mount %s: %s", on, strerror(errno));
}

static void
kind(const char *on, unsigned long flags)
{
	if (mount(NULL, on, NULL, flags, NULL) != 0)
		FAIL("%s kind %lx: %s", on, flags, strerror(errno));
}

static void
bind_to(const char *from, const char *on, unsigned long flags)
{
	mkdir(on, 0755);
	if (mount(from, on, NULL, MS_BIND | flags, NULL) != 0)
		FAIL("bind %s %s: %s", from, on, strerror(errno));
}

/*
 * The optional fields of the topmost mount on this place, with groups numbered
 * in the order in which they were seen: "shared:1 master:2"; "none": there is no
 * mount.
 */
static int seen[16], nseen;

static int
number(int id)
{
	for (int i = 0; i < nseen; i++)
		if (seen[i] == id)
			return (i + 1);
	if (nseen < 16)
		seen[nseen++] = id;
	return (nseen);
}

static const char *
peers(const char *place)
{
	static char out[256];
	char line[1024], on[512], *s, *word;
	FILE *f = fopen("/proc/self/mountinfo", "r");

	CHECK(f != NULL);
	strcpy(out, "none");
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%*d %*d %*s %*s %511s", on) != 1 ||
		    strcmp(on, place) != 0)
			continue;
		out[0] = '\0';
		s = line;
		for (int i = 0; i < 6; i++)
			s = strchr(s, ' ') + 1;
		for (word = strtok(s, " "); word != NULL && *word != '-';
		     word = strtok(NULL, " ")) {
			char *colon = strchr(word, ':');

			if (out[0] != '\0')
				strcat(out, " ");
			if (colon == NULL) {
				strcat(out, word);
				continue;
			}
			*colon = '\0';
			sprintf(out + strlen(out), "%s:%d", word,
			    number(atoi(colon + 1)));
		}
	}
	fclose(f);
	return (out);
}

#define PEERS(place, want)                                                     \
	do {                                                                   \
		const char *_s = peers(place);                                 \
		if (strcmp(_s, want) != 0)                                     \
			FAIL("%s: \"%s\", not \"%s\"", place, _s, want);       \
	} while (0)

/* How many mounts are at or below this place? */
static int
count(const char *place)
{
	char line[1024], on[512];
	FILE *f = fopen("/proc/self/mountinfo", "r");
	int n = 0;

	while (fgets(line, sizeof(line), f) != NULL)
		n += sscanf(line, "%*d %*d %*s %*s %511s", on) == 1 &&
		    strncmp(on, place, strlen(place)) == 0;
	fclose(f);
	return (n);
}

GTEST(kinds, "does each kind of propagation show, and change into each other?")
{
	start();
	tmpfs(P "/a");
	PEERS(P "/a", "");
	kind(P "/a", MS_SHARED);
	PEERS(P "/a", "shared:1");
	kind(P "/a", MS_SHARED);
	PEERS(P "/a", "shared:1");
	/* Nobody is there to be the master. */
	kind(P "/a", MS_SLAVE);
	PEERS(P "/a", "");
	kind(P "/a", MS_UNBINDABLE);
	PEERS(P "/a", "unbindable");
	kind(P "/a", MS_SLAVE);
	PEERS(P "/a", "unbindable");
	kind(P "/a", MS_SHARED);
	nseen = 0;
	PEERS(P "/a", "shared:1");
	bind_to(P "/a", P "/b", 0);
	PEERS(P "/b", "shared:1");
	kind(P "/b", MS_SLAVE);
	PEERS(P "/b", "master:1");
	kind(P "/b", MS_SHARED);
	PEERS(P "/b", "shared:2 master:1");
	bind_to(P "/b", P "/c", 0);
	PEERS(P "/c", "shared:2 master:1");
	kind(P "/b", MS_SLAVE);
	PEERS(P "/b", "master:2");
	kind(P "/c", MS_SLAVE);
	PEERS(P "/c", "master:1");
	/* With the group its slaves go to its master. */
	PEERS(P "/b", "master:1");
	kind(P "/a", MS_PRIVATE);
	PEERS(P "/b", "");
	PEERS(P "/c", "");
}

GTEST(whole_tree, "does MS_REC change all below, and plain only one?")
{
	start();
	tmpfs(P "/a");
	tmpfs(P "/a/x");
	tmpfs(P "/a/x/y");
	kind(P "/a", MS_SHARED | MS_REC);
	PEERS(P "/a", "shared:1");
	PEERS(P "/a/x", "shared:2");
	PEERS(P "/a/x/y", "shared:3");
	kind(P "/a", MS_PRIVATE);
	PEERS(P "/a", "");
	PEERS(P "/a/x", "shared:2");
	kind(P "/a/x", MS_UNBINDABLE | MS_REC);
	PEERS(P "/a/x", "unbindable");
	PEERS(P "/a/x/y", "unbindable");
	ERR(mount(P "/a/x", P "/b", NULL, MS_BIND, NULL), ENOENT);
	mkdir(P "/b", 0755);
	ERR(mount(P "/a/x", P "/b", NULL, MS_BIND, NULL), EINVAL);
	/* A recursive bind leaves it out. */
	bind_to(P "/a", P "/b", MS_REC);
	EQ(count(P "/b"), 1);
	ERR(mount(NULL, P "/a", NULL, MS_SHARED | MS_PRIVATE, NULL), EINVAL);
	ERR(mount(NULL, P "/a", NULL, MS_SHARED | MS_NOSUID, NULL), EINVAL);
	mkdir(P "/a/z", 0755);
	ERR(mount(NULL, P "/a/z", NULL, MS_SHARED, NULL), EINVAL);
}

GTEST(peers_get, "do mounts and unmounts go to peers and back?")
{
	start();
	tmpfs(P "/a");
	kind(P "/a", MS_SHARED);
	bind_to(P "/a", P "/b", 0);
	tmpfs(P "/a/x");
	PEERS(P "/a/x", "shared:1");
	PEERS(P "/b/x", "shared:1");
	close(open(P "/b/x/file", O_CREAT | O_WRONLY, 0600));
	EQ(access(P "/a/x/file", F_OK), 0);
	/* And on to what is mounted there, which is shared, too. */
	tmpfs(P "/b/x/deep");
	PEERS(P "/a/x/deep", "shared:2");
	PEERS(P "/b/x/deep", "shared:2");
	ERR(umount(P "/a/x"), EBUSY);
	EQ(umount(P "/a/x/deep"), 0);
	PEERS(P "/b/x/deep", "none");
	EQ(umount(P "/b/x"), 0);
	PEERS(P "/a/x", "none");
	/* A private one keeps what it has. */
	tmpfs(P "/a/x");
	kind(P "/b", MS_PRIVATE);
	EQ(umount(P "/a/x"), 0);
	PEERS(P "/a/x", "none");
	CHECK(strcmp(peers(P "/b/x"), "none") != 0);
	tmpfs(P "/a/y");
	PEERS(P "/b/y", "none");
}

GTEST(slaves_get, "does a slave get what its master gets, and tell nobody?")
{
	start();
	tmpfs(P "/a");
	kind(P "/a", MS_SHARED);
	bind_to(P "/a", P "/b", 0);
	kind(P "/b", MS_SLAVE);
	PEERS(P "/a", "shared:1");
	PEERS(P "/b", "master:1");
	tmpfs(P "/a/x");
	PEERS(P "/a/x", "shared:2");
	PEERS(P "/b/x", "master:2");
	tmpfs(P "/b/own");
	PEERS(P "/a/own", "none");
	PEERS(P "/b/own", "");
	tmpfs(P "/b/x/own");
	PEERS(P "/a/x/own", "none");
	/* The slave's has something below that stays: so does it. */
	EQ(umount(P "/a/x"), 0);
	PEERS(P "/a/x", "none");
	PEERS(P "/b/x", "");
	EQ(umount(P "/b/x/own"), 0);
	EQ(umount(P "/b/x"), 0);
	tmpfs(P "/a/x");
	EQ(umount(P "/b/x"), 0);
	CHECK(strcmp(peers(P "/a/x"), "none") != 0);
}

GTEST(chains, "does it go on through slaves that are shared themselves?")
{
	start();
	tmpfs(P "/a");
	kind(P "/a", MS_SHARED);
	bind_to(P "/a", P "/b", 0);
	kind(P "/b", MS_SLAVE);
	kind(P "/b", MS_SHARED);
	bind_to(P "/b", P "/c", 0); /* b's peer */
	bind_to(P "/b", P "/d", 0);
	kind(P "/d", MS_SLAVE);	    /* b's and c's slave */
	bind_to(P "/d", P "/e", 0); /* another */
	PEERS(P "/a", "shared:1");
	PEERS(P "/b", "shared:2 master:1");
	PEERS(P "/c", "shared:2 master:1");
	PEERS(P "/d", "master:2");
	PEERS(P "/e", "master:2");
	tmpfs(P "/a/x");
	PEERS(P "/a/x", "shared:3");
	PEERS(P "/b/x", "shared:4 master:3");
	PEERS(P "/c/x", "shared:4 master:3");
	PEERS(P "/d/x", "master:4");
	PEERS(P "/e/x", "master:4");
	tmpfs(P "/c/y");
	PEERS(P "/a/y", "none");
	PEERS(P "/b/y", "shared:5");
	PEERS(P "/d/y", "master:5");
	EQ(umount(P "/a/x"), 0);
	PEERS(P "/b/x", "none");
	PEERS(P "/c/x", "none");
	PEERS(P "/e/x", "none");
	EQ(umount(P "/b/y"), 0);
	PEERS(P "/c/y", "none");
	PEERS(P "/d/y", "none");
	/* The middle goes: its slaves find the master above. */
	EQ(umount(P "/b"), 0);
	EQ(umount(P "/c"), 0);
	PEERS(P "/d", "master:1");
	tmpfs(P "/a/z");
	CHECK(strcmp(peers(P "/d/z"), "none") != 0);
	CHECK(strcmp(peers(P "/e/z"), "none") != 0);
}

GTEST(parts, "does a mount that shows another part get nothing?")
{
	start();
	tmpfs(P "/a");
	mkdir(P "/a/in", 0755);
	mkdir(P "/a/out", 0755);
	kind(P "/a", MS_SHARED);
	bind_to(P "/a/in", P "/b", 0);
	PEERS(P "/a", "shared:1");
	PEERS(P "/b", "shared:1");
	tmpfs(P "/a/in/x");
	tmpfs(P "/a/out/x");
	PEERS(P "/a/in/x", "shared:2");
	PEERS(P "/b/x", "shared:2");
	EQ(count(P "/b"), 2);
	EQ(umount(P "/b/x"), 0);
	PEERS(P "/a/in/x", "none");
	/* On the root of one that the other has as a directory. */
	EQ(mount("fs", P "/b", "tmpfs", 0, NULL), 0);
	PEERS(P "/a/in", "shared:2");
	EQ(umount(P "/b"), 0);
	PEERS(P "/a/in", "none");
	/* The first member of the slave group does not show the place. */
	bind_to(P "/a/in", P "/c", 0);
	kind(P "/c", MS_SLAVE);
	kind(P "/c", MS_SHARED);
	bind_to(P "/c", P "/d", 0);
	kind(P "/d", MS_SLAVE);
	tmpfs(P "/a/out/y");
	EQ(count(P "/c"), 1);
	EQ(count(P "/d"), 1);
}

GTEST(
    trees, "is a tree that is bound or moved into a shared mount copied whole?")
{
	start();
	tmpfs(P "/a");
	kind(P "/a", MS_SHARED);
	bind_to(P "/a", P "/b", 0);
	tmpfs(P "/t");
	tmpfs(P "/t/1");
	tmpfs(P "/t/1/2");
	bind_to(P "/t", P "/a/bound", MS_REC);
	PEERS(P "/a/bound", "shared:1");
	PEERS(P "/b/bound", "shared:1");
	PEERS(P "/b/bound/1", "shared:2");
	PEERS(P "/b/bound/1/2", "shared:3");
	PEERS(P "/t", "");
	PEERS(P "/t/1", "");
	mkdir(P "/a/moved", 0755);
	EQ(mount(P "/t", P "/a/moved", NULL, MS_MOVE, NULL), 0);
	PEERS(P "/t", "none");
	PEERS(P "/b/moved/1/2", "shared:4");
	PEERS(P "/a/moved/1/2", "shared:4");
	/* Out of a shared parent nothing moves. */
	mkdir(P "/t2", 0755);
	ERR(mount(P "/a/moved", P "/t2", NULL, MS_MOVE, NULL), EINVAL);
	/* Off with all of it, here and there. */
	EQ(umount2(P "/b/moved", MNT_DETACH), 0);
	EQ(count(P "/a/moved"), 0);
	EQ(umount2(P "/a/bound", MNT_DETACH), 0);
	EQ(count(P "/b/"), 0);
	/* What cannot be copied does not go into a shared mount. */
	tmpfs(P "/u");
	tmpfs(P "/u/1");
	kind(P "/u/1", MS_UNBINDABLE);
	mkdir(P "/a/u", 0755);
	ERR(mount(P "/u", P "/a/u", NULL, MS_MOVE, NULL), EINVAL);
	kind(P "/a", MS_PRIVATE);
	EQ(mount(P "/u", P "/a/u", NULL, MS_MOVE, NULL), 0);
}

GTEST(self, "does a shared mount bound into itself come to an end?")
{
	start();
	tmpfs(P "/a");
	kind(P "/a", MS_SHARED);
	bind_to(P "/a", P "/a/x", 0);
	/* The new mount is a peer, but was not there when it began. */
	PEERS(P "/a/x", "shared:1");
	PEERS(P "/a/x/x", "none");
	EQ(count(P "/a"), 2);
	bind_to(P "/a", P "/a/y", MS_REC);
	/* Now x is a peer that shows y, too. */
	PEERS(P "/a/y", "shared:1");
	PEERS(P "/a/x/y", "shared:1");
	PEERS(P "/a/y/x", "shared:1");
	PEERS(P "/a/x/y/x", "shared:1");
	EQ(umount2(P "/a", MNT_DETACH), 0);
	EQ(count(P "/a"), 0);
}

GTEST(beneath, "does a mount come beneath what a peer has there already?")
{
	start();
	tmpfs(P "/a");
	kind(P "/a", MS_SHARED);
	bind_to(P "/a", P "/b", 0);
	kind(P "/b", MS_SLAVE);
	tmpfs(P "/b/x");
	close(open(P "/b/x/own", O_CREAT | O_WRONLY, 0600));
	tmpfs(P "/a/x");
	close(open(P "/a/x/theirs", O_CREAT | O_WRONLY, 0600));
	EQ(count(P "/b/x"), 2);
	EQ(access(P "/b/x/own", F_OK), 0);
	ERR(access(P "/b/x/theirs", F_OK), ENOENT);
	EQ(umount(P "/b/x"), 0);
	EQ(access(P "/b/x/theirs", F_OK), 0);
	EQ(umount(P "/b/x"), 0);
	EQ(umount(P "/a/x"), 0);
	/* And it goes from beneath. */
	tmpfs(P "/b/x");
	tmpfs(P "/a/x");
	EQ(count(P "/b/x"), 2);
	EQ(umount(P "/a/x"), 0);
	EQ(count(P "/b/x"), 1);
	EQ(umount(P "/b/x"), 0);
	EQ(count(P "/b/x"), 0);
}

GTEST(busy, "is a mount busy when a peer's copy of it is?")
{
	int fd;

	start();
	tmpfs(P "/a");
	kind(P "/a", MS_SHARED);
	bind_to(P "/a", P "/b", 0);
	tmpfs(P "/a/x");
	fd = open(P "/b/x", O_RDONLY);
	CHECK(fd >= 0);
	ERR(umount(P "/a/x"), EBUSY);
	EQ(count(P "/a/x"), 1);
	EQ(umount2(P "/a/x", MNT_DETACH), 0);
	EQ(count(P "/b/x"), 0);
	close(fd);
	tmpfs(P "/a/x");
	EQ(umount(P "/a/x"), 0);
}

struct attr {
	unsigned long set, clr, propagation, userns;
};

GTEST(setattr, "does mount_setattr change propagation, too?")
{
	struct attr at = {.propagation = MS_SHARED};

	start();
	tmpfs(P "/a");
	tmpfs(P "/a/x");
	EQ(syscall(442, AT_FDCWD, P "/a", 0x8000, &at, sizeof(at)), 0);
	PEERS(P "/a", "shared:1");
	PEERS(P "/a/x", "shared:2");
	bind_to(P "/a", P "/b", 0);
	at.propagation = MS_SLAVE;
	EQ(syscall(442, AT_FDCWD, P "/b", 0, &at, sizeof(at)), 0);
	PEERS(P "/b", "master:1");
	at.propagation = MS_UNBINDABLE;
	EQ(syscall(442, AT_FDCWD, P "/b", 0, &at, sizeof(at)), 0);
	PEERS(P "/b", "unbindable");
	at.propagation = MS_SHARED | MS_SLAVE;
	ERR(syscall(442, AT_FDCWD, P "/b", 0, &at, sizeof(at)), EINVAL);
}

GTEST(floating, "does a copy that hangs nowhere get nothing until it hangs?")
{
	int fd;

	start();
	tmpfs(P "/a");
	kind(P "/a", MS_SHARED);
	fd = (int)syscall(428, AT_FDCWD, P "/a", 1 /* OPEN_TREE_CLONE */);
	CHECK(fd >= 0);
	mkdir(P "/b", 0755);
	EQ(syscall(429, fd, "", AT_FDCWD, P "/b", MOVE_MOUNT_F_EMPTY_PATH), 0);
	PEERS(P "/a", "shared:1");
	PEERS(P "/b", "shared:1");
	tmpfs(P "/a/x");
	CHECK(strcmp(peers(P "/b/x"), "none") != 0);
	close(fd);
	CHECK(strcmp(peers(P "/b/x"), "none") != 0);
	/* One that was never hung takes nothing off when it goes. */
	fd = (int)syscall(428, AT_FDCWD, P "/a", 0x8001);
	CHECK(fd >= 0);
	close(fd);
	CHECK(strcmp(peers(P "/a/x"), "none") != 0);
	PEERS(P "/a", "shared:1");
}

#define SET_GROUP(from, to) syscall(429, AT_FDCWD, from, AT_FDCWD, to, 0x100)

GTEST(set_group, "can a mount be put into another one's group?")
{
	start();
	tmpfs(P "/a");
	mkdir(P "/a/in", 0755);
	tmpfs(P "/other");
	mkdir(P "/not", 0755);
	bind_to(P "/a", P "/b", 0);
	bind_to(P "/a/in", P "/c", 0);
	ERR(SET_GROUP(P "/a", P "/b"), EINVAL);
	kind(P "/a", MS_SHARED);
	ERR(SET_GROUP(P "/a", P "/other"), EINVAL);
	ERR(SET_GROUP(P "/a", P "/not"), EINVAL);
	ERR(SET_GROUP(P "/nothing", P "/b"), ENOENT);
	EQ(SET_GROUP(P "/a", P "/b"), 0);
	PEERS(P "/a", "shared:1");
	PEERS(P "/b", "shared:1");
	ERR(SET_GROUP(P "/a", P "/b"), EINVAL);
	kind(P "/b", MS_SLAVE);
	/* What shows less can join, what shows more not. */
	EQ(SET_GROUP(P "/b", P "/c"), 0);
	PEERS(P "/c", "master:1");
	kind(P "/a", MS_PRIVATE);
	kind(P "/b", MS_PRIVATE);
	kind(P "/c", MS_SHARED);
	ERR(SET_GROUP(P "/c", P "/a"), EINVAL);
}

GTEST(pivot, "is pivot_root refused where mounts are shared?")
{
	start();
	tmpfs(P "/new");
	mkdir(P "/new/put", 0755);
	kind(P, MS_SHARED);
	ERR(syscall(SYS_pivot_root, P "/new", P "/new/put"), EINVAL);
	kind(P, MS_PRIVATE);
	kind(P "/new", MS_SHARED);
	ERR(syscall(SYS_pivot_root, P "/new", P "/new/put"), EINVAL);
}

static void
in_chroot(void)
{
	EQ(chroot(P "/jail"), 0);
	EQ(chdir("/"), 0);
	PEERS("/d", "master:2 propagate_from:1");
	PEERS("/c", "shared:1");
}

GTEST(dominating, "is the nearest group above shown that the process can see?")
{
	pid_t pid;

	start();
	tmpfs(P "/a");
	kind(P "/a", MS_SHARED);
	bind_to(P "/a", P "/b", 0);
	kind(P "/b", MS_SLAVE);
	kind(P "/b", MS_SHARED);
	tmpfs(P "/jail");
	mkdir(P "/jail/proc", 0755);
	EQ(mount("proc", P "/jail/proc", "proc", 0, NULL), 0);
	bind_to(P "/a", P "/jail/c", 0);
	bind_to(P "/b", P "/jail/d", 0);
	kind(P "/jail/d", MS_SLAVE);
	PEERS(P "/jail/c", "shared:1");
	PEERS(P "/jail/d", "master:2");
	if ((pid = fork()) == 0) {
		in_chroot();
		_exit(gtest_failures != 0);
	}
	EQ(status_of(pid), 0);
}

GTEST(many, "do many peers, mounts and unmounts leave nothing?")
{
	char name[64];

	start();
	tmpfs(P "/a");
	kind(P "/a", MS_SHARED);
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), P "/peer%d", i);
		bind_to(P "/a", name, 0);
		if (i % 3 == 1)
			kind(name, MS_SLAVE);
		if (i % 3 == 2) {
			kind(name, MS_SLAVE);
			kind(name, MS_SHARED);
		}
	}
	for (int i = 0; i < 5; i++) {
		tmpfs(P "/a/x");
		EQ(count(P "/peer"), 60);
		tmpfs(P "/peer3/x/y");
		EQ(count(P "/peer"), 90);
		EQ(umount2(P "/a/x", MNT_DETACH), 0);
		EQ(count(P "/peer"), 30);
	}
	EQ(umount2(P, MNT_DETACH), 0);
}

GTEST(deep, "can mounts be as deep as anybody likes?")
{
	start();
	mkdir(P "/a", 0755);
	EQ(chdir(P "/a"), 0);
	for (int i = 0; i < 300; i++) {
		tmpfs("m");
		EQ(chdir("m"), 0);
	}
	EQ(chdir("/"), 0);
	bind_to(P "/a", P "/b", MS_REC);
	EQ(count(P "/b/m"), 300);
	EQ(umount2(P "/b/m", MNT_DETACH), 0);
	EQ(count(P "/b/m"), 0);
	EQ(umount2(P, MNT_DETACH), 0);
}

static int
most(int n)
{
	FILE *f = fopen("/proc/sys/fs/mount-max", "r+");
	int old = -1;

	CHECK(f != NULL && fscanf(f, "%d", &old) == 1);
	rewind(f);
	CHECK(fprintf(f, "%d\n", n) > 0);
	EQ(fclose(f), 0);
	return (old);
}

/* The host's limit is not ours to change. */
GTEST(doubling, "do mounts that double with each call come to an end?")
{
	struct utsname u;
	int old, before = 0, error = 0;

	EQ(uname(&u), 0);
	if (strstr(u.version, "Mayfly") == NULL)
		return;
	start();
	kind(P, MS_SHARED);
	mkdir(P "/x", 0755);
	old = most(400);
	for (int i = 0; i < 20 && error == 0; i++) {
		before = count(P);
		if (mount(P, P "/x", NULL, MS_BIND | MS_REC, NULL) != 0)
			error = errno;
	}
	EQ(error, ENOSPC);
	EQ(count(P), before);
	most(before);
	ERR(mount("fs", P "/x", "tmpfs", 0, NULL), ENOSPC);
	EQ(count(P), before);
	most(old);
	while (umount2(P, MNT_DETACH) == 0)
		continue;
	EQ(count(P), 0);
}

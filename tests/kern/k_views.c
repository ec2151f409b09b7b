/* SPDX-License-Identifier: BSD-2-Clause */
/* sysctl, modules, devices, random numbers, the log. */
#include <sys/conf.h>
#include <sys/console.h>
#include <sys/ktest.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <sys/sysctl.h>
#include <sys/uio.h>

KTEST(sysctl_order, "is the table sorted, complete, and described?")
{
	const struct sysctl_entry *e;
	char last[64] = "";
	int n = 0;

	for (e = sysctl_next(""); e != NULL; e = sysctl_next(e->sc_name)) {
		KT_CHECK(strcmp(last, e->sc_name) < 0);
		KT_CHECK(sysctl_find(e->sc_name) == e);
		KT_CHECK(e->sc_desc[0] != '\0');
		strlcpy(last, e->sc_name, sizeof(last));
		n++;
	}
	KT_CHECK(n > 50);
	KT_CHECK(sysctl_find("kern.ostyp") == NULL);
	KT_CHECK(sysctl_find("debug.fault.sysctl.nth") != NULL);
}

KTEST(sysctl_values, "do reads, writes and limits work?")
{
	char name[65] = "";
	int ncpu = 0;
	int64_t wide = 7;
	struct sysctl_req rq = {.sr_old = &ncpu, .sr_oldmax = 4};

	KT_EQ(sysctl_access("hw.ncpu", &rq), 0);
	KT_EQ(ncpu, ncpu > 0 ? ncpu : -1);
	KT_EQ(rq.sr_oldlen, 4);
	rq = (struct sysctl_req){.sr_new = &wide, .sr_newlen = 8};
	KT_EQ(sysctl_access("hw.ncpu", &rq), EPERM);
	KT_EQ(sysctl_access("no.such", &rq), ENOENT);
	rq = (struct sysctl_req){.sr_new = "host", .sr_newlen = 5};
	KT_EQ(sysctl_access("kern.hostname", &rq), 0);
	rq = (struct sysctl_req){.sr_old = name, .sr_oldmax = 65};
	KT_EQ(sysctl_access("kern.hostname", &rq), 0);
	KT_EQ(strcmp(name, "host"), 0);
	KT_EQ(rq.sr_oldlen, 5);
	rq = (struct sysctl_req){.sr_old = name, .sr_oldmax = 3};
	KT_EQ(sysctl_access("kern.hostname", &rq), ENOMEM);
	KT_EQ(rq.sr_oldlen, 5);
	rq = (struct sysctl_req){.sr_new = &wide, .sr_newlen = 8};
	KT_EQ(sysctl_access("debug.fault.module_load.nth", &rq), 0);
	rq = (struct sysctl_req){.sr_old = NULL};
	KT_EQ(sysctl_access("vm.malloc", &rq), 0);
	KT_CHECK(rq.sr_oldlen > 200);
}

KTEST(modules_loaded, "did every module load?")
{
	struct module_info mi;
	int n = 0;

	for (int id = 0; module_info(&id, &mi) == 0; id++) {
		KT_CHECK(mi.mi_loaded);
		n++;
	}
	KT_CHECK(n >= 2);
}

static int
dev_read(const char *path, void *buf, size_t len)
{
	struct cdev *dev = cdev_find(path);
	struct iovec iov;
	struct uio uio;
	int error;

	KT_CHECK(dev != NULL);
	if (dev == NULL)
		return (ENXIO);
	uio_init(&uio, &iov, buf, len, 0, UIO_READ);
	error = dev->d_ops->d_read(dev, &uio, 0, NULL);
	cdev_drop(dev);
	return (error != 0 ? -error : (int)(len - uio.uio_resid));
}

KTEST(devices, "are the basic devices there, and do they read right?")
{
	static const char *const names[] = {"null", "zero", "full", "random",
	    "urandom", "tty", "ptmx", "console", "kmsg"};
	uint8_t a[600], b[600], zero[600];

	for (size_t i = 0; i < nitems(names); i++) {
		struct cdev *dev = cdev_find(names[i]);

		KT_CHECK(dev != NULL);
		if (dev != NULL)
			cdev_drop(dev);
	}
	memset(a, 1, sizeof(a));
	memset(zero, 0, sizeof(zero));
	KT_EQ(dev_read("null", a, sizeof(a)), 0);
	KT_EQ(dev_read("zero", a, sizeof(a)), 600);
	KT_EQ(memcmp(a, zero, sizeof(a)), 0);
	KT_EQ(dev_read("random", a, sizeof(a)), 600);
	KT_EQ(dev_read("urandom", b, sizeof(b)), 600);
	KT_CHECK(memcmp(a, b, sizeof(a)) != 0);
	KT_CHECK(memcmp(a, zero, 32) != 0);
}

KTEST(cdev_names, "are duplicate names and numbers refused?")
{
	static const struct cdev_ops ops = {.d_name = "kt"};
	struct cdev *a, *b;

	a = cdev_create(&ops, makedev(200, 1), 0, 0, 0600, NULL, "kt/one");
	KT_CHECK(a != NULL);
	b = cdev_create(&ops, makedev(200, 1), 0, 0, 0600, NULL, "kt/two");
	KT_CHECK(b == NULL);
	b = cdev_create(&ops, makedev(200, 2), 0, 0, 0600, NULL, "kt/one");
	KT_CHECK(b == NULL);
	cdev_destroy(a);
	KT_CHECK(cdev_find("kt/one") == NULL);
	b = cdev_create(&ops, makedev(200, 1), 0, 0, 0600, NULL, "kt/one");
	KT_CHECK(b != NULL);
	cdev_destroy(b);
}

KTEST(random_distinct, "do draws differ, of any length?")
{
	uint64_t a, b;
	uint8_t odd[131] = {0};

	random_bytes(&a, sizeof(a));
	random_bytes(&b, sizeof(b));
	KT_CHECK(a != b);
	random_bytes(odd, 130);
	KT_EQ(odd[130], 0);
}

KTEST(klog_kept, "does the log keep what was printed, and only 64 KiB?")
{
	char *buf = kmalloc(70000, M_TEMP, M_WAITOK);
	struct sysctl_req rq = {.sr_old = buf, .sr_oldmax = 69999};

	KT_CHECK(buf != NULL);
	memset(buf, 0, 70000);
	kprintf("the log remembers this\n");
	KT_EQ(sysctl_access("kern.msgbuf", &rq), 0);
	KT_CHECK(strstr(buf, "the log remembers this\n") != NULL);
	for (int i = 0; i < 70000; i++)
		klog_write("y", 1);
	KT_EQ(sysctl_access("kern.msgbuf", &rq), 0);
	KT_EQ(rq.sr_oldlen, 65536);
	kfree(buf, M_TEMP);
}

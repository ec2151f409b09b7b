/* SPDX-License-Identifier: BSD-2-Clause */
/* /dev/null, /dev/zero and /dev/full. */
#include <sys/systm.h>
#include <sys/conf.h>
#include <sys/uio.h>
#include <vm/vm.h>

#define MEM_MAJOR 1 /* Linux's numbers, which programs have come to know */
#define MEM_NULL  3
#define MEM_ZERO  5
#define MEM_FULL  7

static int
null_read(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	return (0);
}

/* Takes all without looking at it. */
static int
null_write(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	uio->uio_offset += uio->uio_resid;
	uio->uio_resid = 0;
	return (0);
}

static int
zero_read(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	return (uio_zero(uio->uio_resid, uio));
}

/* Fresh anonymous memory, as every private or shared map of zeros. */
static int
zero_mmap(struct cdev *dev, uint64_t off, uint64_t len, int prot,
    struct vm_object **objp)
{
	*objp = vm_object_create(VMO_ANON, off + len, NULL, NULL);
	return (*objp != NULL ? 0 : ENOMEM);
}

static int
full_write(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	return (uio->uio_resid > 0 ? ENOSPC : 0);
}

static const struct cdev_ops null_ops = {
    .d_name = "null",
    .d_read = null_read,
    .d_write = null_write,
    .d_flags = CDEVF_NULLSEEK,
};

static const struct cdev_ops zero_ops = {
    .d_name = "zero",
    .d_read = zero_read,
    .d_write = null_write,
    .d_mmap = zero_mmap,
    .d_flags = CDEVF_NULLSEEK,
};

static const struct cdev_ops full_ops = {
    .d_name = "full",
    .d_read = zero_read,
    .d_write = full_write,
    .d_flags = CDEVF_NULLSEEK,
};

static void
mem_init(void)
{
	static const struct {
		const struct cdev_ops *ops;
		uint32_t minor;
	} devs[] = {{&null_ops, MEM_NULL}, {&zero_ops, MEM_ZERO},
	    {&full_ops, MEM_FULL}};

	for (size_t i = 0; i < nitems(devs); i++)
		if (cdev_create(devs[i].ops, makedev(MEM_MAJOR, devs[i].minor),
			0, 0, 0666, NULL, "%s", devs[i].ops->d_name) == NULL)
			kprintf("mem: cannot create %s\n", devs[i].ops->d_name);
}
SYSINIT(mem_devs, SI_DRIVER, mem_init);

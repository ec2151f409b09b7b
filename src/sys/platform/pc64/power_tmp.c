#include <sys/systm.h>
#include "pc_var.h"
void
power_off(const struct acpi_info *ai __unused)
{
}
void
power_reset(const struct acpi_info *ai __unused)
{
}
#include <sys/systm.h>
#include <sys/hostfs.h>
int
hostfs_host_mount(const char *path __unused, int writable __unused,
    hostfs_handle_t *rootp __unused, struct hostfs_attr *ha __unused)
{
	return (ENXIO);
}
void
hostfs_host_unmount(hostfs_handle_t root __unused)
{
}
int
hostfs_host_statfs(
    hostfs_handle_t h __unused, struct hostfs_statfs *hs __unused)
{
	return (ENXIO);
}
int
hostfs_host_lookup(hostfs_handle_t dir __unused, const char *name __unused,
    hostfs_handle_t *hp __unused, struct hostfs_attr *ha __unused)
{
	return (ENXIO);
}
void
hostfs_host_release(hostfs_handle_t h __unused)
{
}
int
hostfs_host_getattr(hostfs_handle_t h __unused, struct hostfs_attr *ha __unused)
{
	return (ENXIO);
}
int
hostfs_host_setattr(
    hostfs_handle_t h __unused, const struct hostfs_attr *ha __unused)
{
	return (ENXIO);
}
int
hostfs_host_read(hostfs_handle_t h __unused, uint64_t off __unused,
    void *buf __unused, size_t len __unused, size_t *donep __unused)
{
	return (ENXIO);
}
int
hostfs_host_write(hostfs_handle_t h __unused, uint64_t off __unused,
    const void *buf __unused, size_t len __unused, size_t *donep __unused)
{
	return (ENXIO);
}
int
hostfs_host_sync(hostfs_handle_t h __unused, int data_only __unused)
{
	return (ENXIO);
}
int
hostfs_host_open(hostfs_handle_t h __unused, int write __unused)
{
	return (ENXIO);
}
int
hostfs_host_readlink(hostfs_handle_t h __unused, char *buf __unused,
    size_t size __unused, size_t *lenp __unused)
{
	return (ENXIO);
}
int
hostfs_host_readdir(hostfs_handle_t dir __unused, uint64_t cookie __unused,
    void *buf __unused, size_t size __unused, size_t *donep __unused)
{
	return (ENXIO);
}
int
hostfs_host_create(hostfs_handle_t dir __unused, const char *name __unused,
    uint32_t type __unused, uint32_t mode __unused,
    hostfs_handle_t *hp __unused, struct hostfs_attr *ha __unused)
{
	return (ENXIO);
}
int
hostfs_host_symlink(hostfs_handle_t dir __unused, const char *name __unused,
    const char *target __unused, hostfs_handle_t *hp __unused,
    struct hostfs_attr *ha __unused)
{
	return (ENXIO);
}
int
hostfs_host_link(hostfs_handle_t dir __unused, const char *name __unused,
    hostfs_handle_t h __unused)
{
	return (ENXIO);
}
int
hostfs_host_remove(hostfs_handle_t dir __unused, const char *name __unused,
    int is_dir __unused, hostfs_handle_t h __unused)
{
	return (ENXIO);
}
int
hostfs_host_rename(hostfs_handle_t fdir __unused, const char *fname __unused,
    hostfs_handle_t tdir __unused, const char *tname __unused,
    int flags __unused)
{
	return (ENXIO);
}

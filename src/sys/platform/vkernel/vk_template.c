/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The points where the host may make several machines out of this one
 * (host/host_template.c says how).  To the kernel a point is a function that
 * returns, in a machine that differs from what it was before in three ways: its
 * options, the time, and that its entropy is known to its sisters.
 *
 * Both lie before SI_SMP, and nothing before them starts a host thread or a stub,
 * or asks for an option of template_late[] (host/template.h).
 */
#include <sys/systm.h>
#include <sys/boot.h>
#include <sys/conf.h>
#include "vk_repeat.h"
#include "vk_var.h"

static void
point(enum host_point where)
{
	nstime_t now = vk_repeatable ? 0 : clock_mono();
	uint8_t fresh[32];

	if (!host_template_point(where, &vk_boot))
		return;
	vk_clock_again(now);
	strlcpy(boot_cmdline, vk_boot.cmdline, sizeof(boot_cmdline));
	if (vk_repeatable)
		return;
	(void)machine_entropy(fresh, sizeof(fresh));
	random_mix(fresh, sizeof(fresh));
}

static void
point_kernel(void)
{
	point(HOST_POINT_KERNEL);
}
SYSINIT(vk_point_kernel, SI_ROOT - 4, point_kernel);

static void
point_root(void)
{
	point(HOST_POINT_ROOT);
}
SYSINIT(vk_point_root, SI_ROOT + 1, point_root);

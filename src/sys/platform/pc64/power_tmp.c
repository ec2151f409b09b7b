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

/* SPDX-License-Identifier: Apache-2.0 */

/* Mappings whose device or file may go while they are used. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory/nic.h"

/** What the handler looks through. `base` is set last and cleared first; 0 = free. */
static struct guarded {
	_Atomic uintptr_t base;
	_Atomic uint64_t bytes;
} guarded[FLUE_NIC_GUARDED];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction before;
static bool installed;

/** Zeroes in the place of a mapping whose file has gone. @return false: the address is none of ours */
static bool
replaced(uintptr_t address)
{
	int saved = errno;
	void *at = MAP_FAILED;
	int i;

	for (i = 0; i < FLUE_NIC_GUARDED && at == MAP_FAILED; i++) {
		uintptr_t base = atomic_load(&guarded[i].base);
		uint64_t bytes = atomic_load(&guarded[i].bytes);

		if (base != 0 && address >= base && address - base < bytes)
			at = mmap((void *)base, bytes, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
					0);
	}
	errno = saved;
	return at != MAP_FAILED;
}

static void
on_bus_error(int number, siginfo_t *info, void *context)
{
	if (replaced((uintptr_t)info->si_addr))
		return;
	if (before.sa_flags & SA_SIGINFO) {
		before.sa_sigaction(number, info, context);
	} else if (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN) {
		/* It comes again, and ends the process as it would have. */
		(void)sigaction(SIGBUS, &before, NULL);
	} else {
		before.sa_handler(number);
	}
}

/** Under the lock. */
static void
install(void)
{
	struct sigaction ours = { .sa_sigaction = on_bus_error,
		.sa_flags = SA_SIGINFO | SA_ONSTACK };

	if (installed)
		return;
	sigemptyset(&ours.sa_mask);
	installed = sigaction(SIGBUS, NULL, &before) == 0 && sigaction(SIGBUS, &ours, NULL) == 0;
}

int
flue_nic_map(int fd, uint64_t bytes, struct flue_nic_mapping *m)
{
	int i;

	pthread_mutex_lock(&lock);
	install();
	for (i = 0; i < FLUE_NIC_GUARDED && atomic_load(&guarded[i].base) != 0; i++)
		;
	if (i == FLUE_NIC_GUARDED) {
		pthread_mutex_unlock(&lock);
		return -ENOSPC;
	}
	m->fd = fd;
	m->bytes = bytes;
	m->base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (m->base != MAP_FAILED) {
		atomic_store(&guarded[i].bytes, bytes);
		atomic_store(&guarded[i].base, (uintptr_t)m->base);
	}
	pthread_mutex_unlock(&lock);
	return m->base == MAP_FAILED ? -errno : 0;
}

static uint64_t
mapped_read(void *device, uint64_t at)
{
	const struct flue_nic_mapping *m = device;

	return *(const volatile uint64_t *)(m->base + at);
}

static void
mapped_write(void *device, uint64_t at, uint64_t value)
{
	const struct flue_nic_mapping *m = device;

	*(volatile uint64_t *)(m->base + at) = value;
}

static void
mapped_fence(void *device)
{
	(void)device;
	/* Stores to write-combining memory are ordered by this alone, not by C11's release. */
#ifdef __x86_64__
	__builtin_ia32_sfence();
#else
	__sync_synchronize();
#endif
}

static void
mapped_close(void *device)
{
	struct flue_nic_mapping *m = device;
	int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < FLUE_NIC_GUARDED; i++)
		if (atomic_load(&guarded[i].base) == (uintptr_t)m->base)
			atomic_store(&guarded[i].base, 0);
	pthread_mutex_unlock(&lock);
	munmap(m->base, m->bytes);
	if (m->fd >= 0)
		close(m->fd);
	free(m);
}

const struct flue_nic_memory_ops flue_nic_mapped_ops = {
	.read = mapped_read,
	.write = mapped_write,
	.fence = mapped_fence,
	.close = mapped_close,
};

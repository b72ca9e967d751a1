/* SPDX-License-Identifier: Apache-2.0 */

/* The table of regions. Changes are made under `lock`; resolving takes no lock (region.h). */

#include "memory/region.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory/node.h"

enum region_state {
	REGION_FREE,
	REGION_OPEN,
	REGION_CLOSED,
	REGION_LEAVING /* unmapped as soon as no user is in the way */
};

/** The cold half of a slot; guarded by `lock`. */
struct region {
	uintptr_t base;
	uint64_t mapped; /* bytes of address space, what munmap() gets */
	uint64_t size;   /* bytes that can be referred to */
	enum region_state state;
	int kind;     /* enum flue_region_kind */
	bool exposed; /* somebody outside may still use its address */
	bool watched; /* the watcher has been told of it */
};

struct flue_region_slot flue_region_slots[FLUE_MAX_REGIONS];

static struct region regions[FLUE_MAX_REGIONS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct flue_region_user *users;
static int last_id;
static int count;
static int leaving;
static void (*watch_opened)(void *address, uint64_t bytes);
static void (*watch_leaving)(void *address, uint64_t bytes);

/** Tell the watcher of a region, once. Under the lock. */
static void
watch_locked(struct region *region)
{
	if (watch_opened == NULL || region->watched || region->kind == FLUE_REGION_FOREIGN)
		return;
	region->watched = true;
	watch_opened((void *)region->base, region->mapped);
}

void
flue_region_watch(void (*opened)(void *address, uint64_t bytes),
		void (*left)(void *address, uint64_t bytes))
{
	int id;

	pthread_mutex_lock(&lock);
	watch_opened = opened;
	watch_leaving = left;
	for (id = 1; id < FLUE_MAX_REGIONS; id++)
		if (regions[id].state == REGION_OPEN && regions[id].exposed)
			watch_locked(&regions[id]);
	pthread_mutex_unlock(&lock);
}

static bool
id_valid(int id)
{
	return id > 0 && id < FLUE_MAX_REGIONS;
}

/** Can no user hold an address in this closed region any more? Under the lock. */
static bool
unused_locked(int id)
{
	struct flue_region_user *user;

	/* The size was set to 0 before: a pass that begins after this resolves nothing here. */
	atomic_thread_fence(memory_order_seq_cst);
	for (user = users; user != NULL; user = user->next) {
		uint64_t passes = atomic_load_explicit(&user->passes, memory_order_acquire);
		uint64_t now = passes;
		int i;

		for (i = 0; (passes & 1) && now == passes && i < 1000; i++) {
			sched_yield();
			now = atomic_load_explicit(&user->passes, memory_order_acquire);
		}
		if ((passes & 1) && now == passes)
			return false;
		if (atomic_load_explicit(&user->kept[id], memory_order_acquire) != 0)
			return false;
	}
	return true;
}

static void
leave_locked(int id)
{
	struct region *region = &regions[id];

	if (!unused_locked(id))
		return;
	if (region->watched)
		watch_leaving((void *)region->base, region->mapped);
	if (region->kind != FLUE_REGION_FOREIGN)
		munmap((void *)region->base, region->mapped);
	region->state = REGION_FREE;
	count--;
	leaving--;
}

/** Whoever comes by takes along what could not go when it was asked to. */
static void
sweep_locked(void)
{
	int id;

	for (id = 1; id < FLUE_MAX_REGIONS && leaving > 0; id++)
		if (regions[id].state == REGION_LEAVING)
			leave_locked(id);
}

void
flue_region_user_add(struct flue_region_user *user)
{
	pthread_mutex_lock(&lock);
	user->next = users;
	users = user;
	pthread_mutex_unlock(&lock);
}

void
flue_region_user_remove(struct flue_region_user *user)
{
	struct flue_region_user **link;

	pthread_mutex_lock(&lock);
	for (link = &users; *link != NULL && *link != user; link = &(*link)->next)
		;
	if (*link != NULL)
		*link = user->next;
	sweep_locked();
	pthread_mutex_unlock(&lock);
}

/** A free id, or 0. Ids go round, so that a reference that outlived its region finds nothing rather
 *  than the next region that was made. */
static int
id_take(void)
{
	int i;

	for (i = 0; i < FLUE_MAX_REGIONS - 1; i++) {
		last_id = last_id % (FLUE_MAX_REGIONS - 1) + 1;
		if (regions[last_id].state == REGION_FREE)
			return last_id;
	}
	return 0;
}

/** Enter mapped memory into the table. @return id or -ENOSPC */
static int
region_add(void *address, uint64_t mapped, int kind)
{
	uint64_t size = mapped;
	int id;

	if (size > (uint64_t)FLUE_REGION_MAX_BYTES)
		size = (uint64_t)FLUE_REGION_MAX_BYTES;
	pthread_mutex_lock(&lock);
	sweep_locked();
	id = id_take();
	if (id == 0) {
		pthread_mutex_unlock(&lock);
		return -ENOSPC;
	}
	regions[id] = (struct region){
		.base = (uintptr_t)address,
		.mapped = mapped,
		.size = size,
		.state = REGION_OPEN,
		.kind = kind,
	};
	count++;
	atomic_store_explicit(
			&flue_region_slots[id].base, (uintptr_t)address, memory_order_relaxed);
	atomic_store_explicit(&flue_region_slots[id].size, size, memory_order_release);
	pthread_mutex_unlock(&lock);
	return id;
}

/**
 * Have all pages of a hugepage mapping now. Where a control group limits hugepages below what the
 * system has, the first touch would be a SIGBUS; asking the kernel to populate gives an error.
 */
static bool
hugepages_populate(void *address, uint64_t bytes)
{
#ifdef MADV_POPULATE_WRITE
	if (madvise(address, bytes, MADV_POPULATE_WRITE) != 0 && errno != EINVAL)
		return false;
#else
	(void)address;
	(void)bytes;
#endif
	return true;
}

/** @return false: not all of them are there, on `node` unless that is -1 */
static bool
hugepages_have(void *address, uint64_t bytes, int node)
{
	if (node >= 0 && flue_node_bind(address, bytes, node) < 0)
		return false;
	return hugepages_populate(address, bytes) &&
	       (node < 0 || flue_node_of(address, bytes) == node);
}

/** @return 0, -ENODEV, -ENOMEM: the node cannot give so much */
static int
node_check(uint64_t bytes, int node)
{
	int pages = flue_hugepages_free_on(node);

	if (pages < 0)
		return pages;
	return (uint64_t)pages * FLUE_HUGEPAGE_BYTES < bytes ? -ENOMEM : 0;
}

/** `node` -1 = any. */
static int
create(int kind, int64_t bytes, int node)
{
	bool huge = kind == FLUE_REGION_HUGEPAGE;
	uint64_t unit = huge ? FLUE_HUGEPAGE_BYTES : (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t mapped = ((uint64_t)bytes + unit - 1) / unit * unit;
	int flags = huge ? MAP_HUGETLB | (21 << MAP_HUGE_SHIFT) : MAP_NORESERVE;
	void *address;
	int rc;

	if (bytes < 1 || bytes > FLUE_REGION_MAX_BYTES || (!huge && kind != FLUE_REGION_HEAP))
		return -EINVAL;
	rc = huge && node >= 0 ? node_check(mapped, node) : 0;
	if (rc < 0)
		return rc;
	address = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags,
			-1, 0);
	if (address == MAP_FAILED)
		return -ENOMEM;
	/* A wish: buffers of many connections lie far apart, and each would cost a walk through page tables. */
	if (!huge && mapped >= FLUE_HUGEPAGE_BYTES)
		(void)madvise(address, mapped, MADV_HUGEPAGE);
	rc = !huge || hugepages_have(address, mapped, node) ? region_add(address, mapped, kind)
							    : -ENOMEM;
	if (rc < 0)
		munmap(address, mapped);
	return rc;
}

int
flue_region_create(int kind, int64_t bytes)
{
	return create(kind, bytes, -1);
}

int
flue_region_create_on(int kind, int64_t bytes, int node)
{
	return node < 0 ? -ENODEV : create(kind, bytes, node);
}

int
flue_region_create_file(const char *path, int64_t bytes)
{
	uint64_t unit = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t mapped;
	void *address = MAP_FAILED;
	int error;
	int fd;
	int id;

	if (path == NULL || bytes < 1 || bytes > FLUE_REGION_MAX_BYTES)
		return -EINVAL;
	mapped = ((uint64_t)bytes + unit - 1) / unit * unit;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	/* Allocated, not only made long: a full disk is an error here, not a SIGBUS later. */
	error = posix_fallocate(fd, 0, (off_t)mapped);
	if (error == 0) {
		address = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		error = address == MAP_FAILED ? errno : 0;
	}
	close(fd);
	id = error != 0 ? -error : region_add(address, mapped, FLUE_REGION_HEAP);
	if (id < 0) {
		if (address != MAP_FAILED)
			munmap(address, mapped);
		unlink(path);
	}
	return id;
}

int
flue_region_add_foreign(void *address, int64_t bytes)
{
	if (address == NULL || bytes < 1 || bytes > FLUE_REGION_MAX_BYTES ||
			(uintptr_t)address > UINTPTR_MAX - (uint64_t)bytes)
		return -EINVAL;
	return region_add(address, (uint64_t)bytes, FLUE_REGION_FOREIGN);
}

void *
flue_region_address(int region)
{
	void *address = NULL;

	if (!id_valid(region))
		return NULL;
	pthread_mutex_lock(&lock);
	if (regions[region].state == REGION_OPEN) {
		regions[region].exposed = true;
		watch_locked(&regions[region]);
		address = (void *)regions[region].base;
	}
	pthread_mutex_unlock(&lock);
	return address;
}

int64_t
flue_region_size(int region)
{
	int64_t size = -EINVAL;

	if (!id_valid(region))
		return -EINVAL;
	pthread_mutex_lock(&lock);
	if (regions[region].state == REGION_OPEN)
		size = (int64_t)regions[region].size;
	pthread_mutex_unlock(&lock);
	return size;
}

int
flue_region_kind_of(int region)
{
	int kind = -EINVAL;

	if (!id_valid(region))
		return -EINVAL;
	pthread_mutex_lock(&lock);
	if (regions[region].state == REGION_OPEN)
		kind = regions[region].kind;
	pthread_mutex_unlock(&lock);
	return kind;
}

/** Under the lock. Resolving stops first, then the contents go; the address range stays ours. */
static void
close_locked(int id)
{
	struct region *region = &regions[id];
	void *base = (void *)region->base;

	if (region->state != REGION_OPEN)
		return;
	atomic_store_explicit(&flue_region_slots[id].size, 0, memory_order_release);
	region->state = REGION_CLOSED;
	if (region->kind == FLUE_REGION_FOREIGN)
		return;
	/* Where the kernel has no memory for a new mapping the old pages stay: still no fault. */
	(void)mmap(base, region->mapped, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
}

/** Under the lock, of a closed region. */
static void
unmap_locked(int id)
{
	regions[id].state = REGION_LEAVING;
	leaving++;
	leave_locked(id);
}

int
flue_region_close(int region)
{
	int rc = 0;

	if (!id_valid(region))
		return -EINVAL;
	pthread_mutex_lock(&lock);
	if (regions[region].state == REGION_FREE || regions[region].state == REGION_LEAVING)
		rc = -EINVAL;
	else
		close_locked(region);
	sweep_locked();
	pthread_mutex_unlock(&lock);
	return rc;
}

int
flue_region_unmap(int region)
{
	int rc = 0;

	if (!id_valid(region))
		return -EINVAL;
	pthread_mutex_lock(&lock);
	switch (regions[region].state) {
	case REGION_FREE:
	case REGION_LEAVING:
		rc = -EINVAL;
		break;
	case REGION_OPEN:
		/* The caller has no use for the address any more; the owner will see to the rest. */
		regions[region].exposed = false;
		rc = -EBUSY;
		break;
	case REGION_CLOSED:
		unmap_locked(region);
		break;
	}
	sweep_locked();
	pthread_mutex_unlock(&lock);
	return rc;
}

void
flue_region_release(int region)
{
	if (!id_valid(region))
		return;
	pthread_mutex_lock(&lock);
	if (regions[region].state == REGION_OPEN) {
		close_locked(region);
		if (!regions[region].exposed)
			unmap_locked(region);
	}
	pthread_mutex_unlock(&lock);
}

int
flue_region_count(void)
{
	int n;

	pthread_mutex_lock(&lock);
	sweep_locked();
	n = count;
	pthread_mutex_unlock(&lock);
	return n;
}

void *
flue_ref_resolve(flue_ref ref, uint64_t bytes)
{
	return flue_ref_at(ref, bytes);
}

bool
flue_view_turn(struct flue_region_view *view, flue_ref ref, uint64_t bytes)
{
	const uint32_t region = flue_ref_region(ref);
	uint8_t *at = flue_ref_look(ref, bytes, true);

	if (at == NULL)
		return false;
	/* Where the region is closed just now it shows these bytes and no others. */
	view->first = flue_ref_make(region, 0);
	view->base = at - flue_ref_offset(ref);
	view->size = flue_ref_offset(ref) + bytes;
	bytes = atomic_load_explicit(&flue_region_slots[region].size, memory_order_acquire);
	if (bytes > view->size)
		view->size = bytes;
	return true;
}

flue_ref
flue_ref_of(const void *address, uint64_t bytes)
{
	uintptr_t at = (uintptr_t)address;
	flue_ref ref = FLUE_REF_NULL;
	int id;

	pthread_mutex_lock(&lock);
	for (id = 1; id < FLUE_MAX_REGIONS && ref == FLUE_REF_NULL; id++) {
		const struct region *region = &regions[id];

		if (region->state != REGION_OPEN || at < region->base || bytes > region->size)
			continue;
		if (at - region->base <= region->size - bytes)
			ref = flue_ref_make((uint32_t)id, at - region->base);
	}
	pthread_mutex_unlock(&lock);
	return ref;
}

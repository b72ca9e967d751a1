/* SPDX-License-Identifier: Apache-2.0 */

/* A port in front of another that writes what passes to a pcapng file. */

#include "port/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "flue/flue_port.h"
#include "port/offload.h"

#define BUFFER_BYTES (1u << 20)
#define CHUNK        32 /* most frames passed on at a time */
#define FLUSH_NS     INT64_C(1000000000)

/* Block types and option codes of pcapng. */
#define SECTION_HEADER  0x0a0d0d0au
#define INTERFACE       1u
#define ENHANCED_PACKET 6u
#define BYTE_ORDER_MARK 0x1a2b3c4du
#define LINK_ETHERNET   1
#define OPT_END         0
#define OPT_APPLICATION 4 /* of a section */
#define OPT_NAME        2 /* of an interface */
#define OPT_TSRESOL     9 /* of an interface */
#define OPT_FLAGS       2 /* of a packet */
#define FLAG_INBOUND    1u
#define FLAG_OUTBOUND   2u

/** Bytes of an enhanced packet block without the frame: head 28, flags 8, end of options 4, length 4. */
#define PACKET_BLOCK_BYTES 44u

struct capture_port {
	struct flue_port base;
	struct flue_port *inner;
	int fd; /* -1 after an error of writing: frames still pass */
	uint32_t used;
	bool started; /* first_now is set */
	int64_t wall; /* wall clock at first_now, ns */
	int64_t first_now;
	int64_t flushed; /* now of the last flush */
	uint8_t buffer[BUFFER_BYTES];
};

static const struct flue_port_ops capture_ops;

static struct capture_port *
capture_port(const struct flue_port *port)
{
	return (struct capture_port *)(uintptr_t)port;
}

const struct flue_port *
flue_capture_inner(const struct flue_port *port)
{
	while (port->ops == &capture_ops)
		port = capture_port(port)->inner;
	return port;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static void
flush(struct capture_port *port)
{
	uint32_t at = 0;

	while (at < port->used && port->fd >= 0) {
		ssize_t n = write(port->fd, port->buffer + at, port->used - at);

		if (n > 0) {
			at += (uint32_t)n;
		} else if (errno != EINTR) {
			/* A full disk must not stop the traffic. */
			close(port->fd);
			port->fd = -1;
		}
	}
	port->used = 0;
}

static void
put(struct capture_port *port, const void *bytes, size_t n)
{
	memcpy(port->buffer + port->used, bytes, n);
	port->used += (uint32_t)n;
}

static void
put32(struct capture_port *port, uint32_t value)
{
	put(port, &value, sizeof(value));
}

static void
put_padding(struct capture_port *port)
{
	while (port->used % 4 != 0)
		port->buffer[port->used++] = 0;
}

static void
put_option(struct capture_port *port, uint16_t code, const void *value, uint16_t n)
{
	put(port, &code, sizeof(code));
	put(port, &n, sizeof(n));
	if (n > 0)
		put(port, value, n);
	put_padding(port);
}

/** Close the block that began at `start`: both length fields. All blocks begin on multiples of 4. */
static void
put_end(struct capture_port *port, uint32_t start)
{
	uint32_t length = port->used - start + 4;

	put32(port, length);
	memcpy(port->buffer + start + 4, &length, sizeof(length));
}

static void
put_headers(struct capture_port *port)
{
	const uint8_t nanoseconds = 9;
	const uint16_t version[2] = { 1, 0 };
	const uint16_t link[2] = { LINK_ETHERNET, 0 };
	const char application[] = "Flue";
	uint32_t start = port->used;

	put32(port, SECTION_HEADER);
	put32(port, 0);
	put32(port, BYTE_ORDER_MARK);
	put(port, version, sizeof(version));
	put32(port, UINT32_MAX); /* section of unknown length */
	put32(port, UINT32_MAX);
	put_option(port, OPT_APPLICATION, application, sizeof(application) - 1);
	put_option(port, OPT_END, NULL, 0);
	put_end(port, start);

	start = port->used;
	put32(port, INTERFACE);
	put32(port, 0);
	put(port, link, sizeof(link));
	put32(port, 0); /* no limit of length */
	put_option(port, OPT_NAME, port->inner->name, (uint16_t)strlen(port->inner->name));
	put_option(port, OPT_TSRESOL, &nanoseconds, 1);
	put_option(port, OPT_END, NULL, 0);
	put_end(port, start);
}

/** Of the blocks of all frames that a packet becomes. */
static uint32_t
block_bytes(const struct flue_pkt *pkt)
{
	return flue_pkt_frames(pkt) *
	       (PACKET_BLOCK_BYTES + ((flue_pkt_frame_bytes(pkt) + 3) & ~3u));
}

/** One of the frames of a packet, as it goes over the wire. */
static void
put_frame(struct capture_port *port, int64_t now, const struct flue_pkt *pkt, uint32_t index,
		uint32_t flags)
{
	uint64_t time = (uint64_t)(port->wall + (now - port->first_now));
	uint32_t length = flue_pkt_frame_bytes(pkt);
	uint32_t start = port->used;

	put32(port, ENHANCED_PACKET);
	put32(port, 0);
	put32(port, 0); /* interface */
	put32(port, (uint32_t)(time >> 32));
	put32(port, (uint32_t)time);
	put32(port, length);
	put32(port, length);
	port->used += flue_pkt_frame_put(pkt, index, port->buffer + port->used);
	put_padding(port);
	put_option(port, OPT_FLAGS, &flags, sizeof(flags));
	put_option(port, OPT_END, NULL, 0);
	put_end(port, start);
}

/** Called first in a burst: time begins with the first one. */
static void
tick(struct capture_port *port, int64_t now)
{
	if (!port->started) {
		port->started = true;
		port->first_now = now;
		port->flushed = now;
	} else if (port->used > 0 && now - port->flushed >= FLUSH_NS) {
		/* Somebody may be watching the file grow. */
		flush(port);
		port->flushed = now;
	}
}

/* ---- Passing on ------------------------------------------------------------------------------ */

static void
state_update(struct capture_port *port)
{
	port->base.held = port->inner->held;
	port->base.offloads = port->inner->offloads;
}

static unsigned
capture_rx_burst(struct flue_port *base, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct capture_port *port = capture_port(base);
	unsigned count = port->inner->ops->rx_burst(port->inner, now, pkts, n);
	unsigned i;

	tick(port, now);
	for (i = 0; i < count; i++) {
		if (block_bytes(pkts[i]) > BUFFER_BYTES - port->used)
			flush(port);
		put_frame(port, now, pkts[i], 0, FLAG_INBOUND);
	}
	state_update(port);
	return count;
}

/** Write as many frames as one chunk and the buffer hold, at least one. A frame is written before it
 *  is passed on, because it may be gone afterwards, and taken out again when it was not accepted. */
static unsigned
send_chunk(struct capture_port *port, int64_t now, struct flue_pkt **pkts, unsigned n, bool *all)
{
	uint32_t ends[CHUNK + 1];
	unsigned count = 0;
	unsigned sent;
	uint32_t i;

	if (block_bytes(pkts[0]) > BUFFER_BYTES - port->used)
		flush(port);
	ends[0] = port->used;
	while (count < n && count < CHUNK &&
			block_bytes(pkts[count]) <= BUFFER_BYTES - port->used) {
		for (i = 0; i < flue_pkt_frames(pkts[count]); i++)
			put_frame(port, now, pkts[count], i, FLAG_OUTBOUND);
		ends[++count] = port->used;
	}
	sent = port->inner->ops->tx_burst(port->inner, now, pkts, count);
	port->used = ends[sent];
	*all = sent == count;
	return sent;
}

static unsigned
capture_tx_burst(struct flue_port *base, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct capture_port *port = capture_port(base);
	unsigned sent = 0;
	bool all = true;

	tick(port, now);
	while (sent < n && all)
		sent += send_chunk(port, now, pkts + sent, n - sent, &all);
	state_update(port);
	return sent;
}

static struct flue_pkt *
capture_alloc(struct flue_port *base)
{
	struct capture_port *port = capture_port(base);
	struct flue_pkt *pkt = port->inner->ops->alloc(port->inner);

	state_update(port);
	return pkt;
}

static void
capture_free(struct flue_pkt *pkt)
{
	pkt->port->ops->free(pkt); /* never ours: buffers name the inner port */
}

static void
capture_reclaim(struct flue_port *base)
{
	struct capture_port *port = capture_port(base);

	if (port->inner->ops->reclaim != NULL)
		port->inner->ops->reclaim(port->inner);
	state_update(port);
}

static int64_t
capture_next_event(const struct flue_port *base)
{
	const struct flue_port *inner = capture_port(base)->inner;

	return inner->ops->next_event != NULL ? inner->ops->next_event(inner) : INT64_MAX;
}

static int
capture_link(struct flue_port *base)
{
	return flue_port_link(capture_port(base)->inner);
}

static int
capture_arm(struct flue_port *base, int wake, bool on)
{
	struct flue_port *inner = capture_port(base)->inner;

	return inner->ops->arm != NULL ? inner->ops->arm(inner, wake, on) : -ENOTSUP;
}

static void
capture_doze(struct flue_port *base, int wake, int64_t ns)
{
	struct flue_port *inner = capture_port(base)->inner;

	inner->ops->doze(inner, wake, ns);
}

static void
capture_close(struct flue_port *base)
{
	struct capture_port *port = capture_port(base);

	flush(port);
	if (port->fd >= 0)
		close(port->fd);
	port->inner->ops->close(port->inner);
	free(port);
}

static const struct flue_port_ops capture_ops = {
	.rx_burst = capture_rx_burst,
	.tx_burst = capture_tx_burst,
	.alloc = capture_alloc,
	.free = capture_free,
	.reclaim = capture_reclaim,
	.next_event = capture_next_event,
	.arm = capture_arm,
	.doze = capture_doze,
	.link = capture_link,
	.close = capture_close,
};

int
flue_capture_open(flue_port *inner, const char *path, flue_port **port)
{
	struct capture_port *p;
	struct timespec wall;
	int error;

	if (inner == NULL || path == NULL || port == NULL)
		return -EINVAL;
	p = malloc(sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	memset(p, 0, offsetof(struct capture_port, buffer));
	/* Frames hold other people's data: the file is the user's alone. */
	p->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (p->fd < 0) {
		error = -errno;
		free(p);
		return error;
	}
	clock_gettime(CLOCK_REALTIME, &wall);
	p->wall = (int64_t)wall.tv_sec * 1000000000 + wall.tv_nsec;
	p->inner = inner;
	p->base = *inner;
	p->base.ops = &capture_ops;
	snprintf(p->base.name, sizeof(p->base.name), "capture:%.27s", inner->name);
	put_headers(p);
	*port = &p->base;
	return 0;
}

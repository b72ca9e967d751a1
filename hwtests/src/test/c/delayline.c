/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A cable with a length: carries Ethernet frames between two ports, each in a network namespace,
 * with a delay, a bandwidth, a queue, and seeded loss, reordering and duplication.
 *
 *   delayline LEFT RIGHT [name=value ...]
 *
 * A port is "tap:NAMESPACE:INTERFACE" (a TAP interface that is made, its kernel side left alone) or
 * "packet:NAMESPACE:INTERFACE" (what arrives at an interface that exists). Values, for each
 * direction unless said: delay-us; rate-kbit (0 = any) and queue, in frames; loss-ppm, from left to
 * right; loss-back-ppm, from right to left; reorder-ppm, frames that are late by late-us more;
 * twice-ppm; data-loss-ppm, of the segments with data of each connection; seed. Only frames of TCP
 * are lost, late or doubled. Prints "ready" and, at its end by SIGTERM or at the end of its input,
 * what it did; "lag" is how long frames were held after they were due.
 *
 * data-loss-ppm makes two senders comparable: which segments of the i-th connection are lost is the
 * same for both, by the order in which it sends them, whatever the other connections do.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <net/ethernet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "ports.h"

#define FRAME_BYTES 2048
#define SLOTS       65536 /* of each direction; a power of two */
#define BURST       64
#define FLOWS       64 /* connections with a loss pattern of their own */
#define MILLION     1000000u

struct values {
	int64_t delay_us;
	int64_t rate_kbit;
	int64_t queue;
	int64_t loss_ppm;
	int64_t loss_back_ppm;
	int64_t data_loss_ppm;
	int64_t reorder_ppm;
	int64_t late_us;
	int64_t twice_ppm;
	int64_t seed;
};

struct frame {
	int64_t due;
	uint32_t order; /* of frames that are due at the same time */
	uint16_t len;
	uint8_t bytes[FRAME_BYTES];
};

/* Segments with data of a connection in one direction. */
struct flow {
	uint32_t ports;
	uint64_t random;
};

/* One direction: a heap of frames by the time they are due. */
struct line {
	int from;
	int to;
	const struct values *values;
	int64_t loss_ppm;
	uint64_t random;
	int64_t free_at; /* when the last bit of the last frame has left the queue */
	uint32_t order;
	uint32_t count;
	struct frame **heap;
	struct frame **unused;
	uint64_t carried, lost, overflow, late, doubled;
	int64_t lag_sum, lag_max;
	uint32_t flow_count;
	struct flow flows[FLOWS]; /* in the order in which they appeared */
};

static volatile sig_atomic_t stopped;

static void
stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static int64_t
now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static uint64_t
seed_of(const struct values *values, uint64_t which)
{
	return ((uint64_t)values->seed * 2 * (FLOWS + 1) + which) * UINT64_C(0x9E3779B97F4A7C15) |
	       1;
}

/* xorshift64*, of a direction or a connection: what is lost depends on nothing but seed and order. */
static bool
chance(uint64_t *random, int64_t ppm)
{
	if (ppm <= 0)
		return false;
	*random ^= *random >> 12;
	*random ^= *random << 25;
	*random ^= *random >> 27;
	return (*random * UINT64_C(2685821657736338717) >> 32) % MILLION < (uint64_t)ppm;
}

/* ---- One direction --------------------------------------------------------------------------- */

static bool
before(const struct frame *a, const struct frame *b)
{
	return a->due != b->due ? a->due < b->due : (int32_t)(a->order - b->order) < 0;
}

static void
heap_put(struct line *line, struct frame *frame)
{
	uint32_t at = line->count++;

	while (at > 0 && before(frame, line->heap[(at - 1) / 2])) {
		line->heap[at] = line->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	line->heap[at] = frame;
}

static struct frame *
heap_take(struct line *line)
{
	struct frame *first = line->heap[0];
	struct frame *last = line->heap[--line->count];
	uint32_t at = 0;
	uint32_t child;

	while ((child = 2 * at + 1) < line->count) {
		if (child + 1 < line->count && before(line->heap[child + 1], line->heap[child]))
			child++;
		if (!before(line->heap[child], last))
			break;
		line->heap[at] = line->heap[child];
		at = child;
	}
	line->heap[at] = last;
	return first;
}

static void
line_init(struct line *line, int from, int to, const struct values *values, int64_t loss_ppm)
{
	struct frame *frames = calloc(SLOTS, sizeof(*frames));
	uint32_t i;

	memset(line, 0, sizeof(*line));
	line->from = from;
	line->to = to;
	line->values = values;
	line->loss_ppm = loss_ppm;
	line->random = seed_of(values, from < to);
	line->heap = calloc(SLOTS, sizeof(*line->heap));
	line->unused = calloc(SLOTS, sizeof(*line->unused));
	if (frames == NULL || line->heap == NULL || line->unused == NULL)
		fail("memory");
	/* Frames come into use from the front: memory is touched only as deep as the line gets. */
	for (i = 0; i < SLOTS; i++)
		line->unused[i] = &frames[SLOTS - 1 - i];
}

static bool
is_tcp(const struct frame *frame)
{
	uint16_t type;

	if (frame->len < ETH_HLEN + 40)
		return false;
	type = (uint16_t)(frame->bytes[12] << 8 | frame->bytes[13]);
	return (type == ETH_P_IP && frame->bytes[ETH_HLEN + 9] == IPPROTO_TCP) ||
	       (type == ETH_P_IPV6 && frame->bytes[ETH_HLEN + 6] == IPPROTO_TCP);
}

/** Where its TCP header begins, of a frame of TCP. */
static const uint8_t *
tcp_of(const struct frame *frame)
{
	const uint8_t *ip = frame->bytes + ETH_HLEN;

	return ip + (ip[0] >> 4 == 4 ? (ip[0] & 15) * 4 : 40);
}

/** Bytes after the TCP header of a frame of TCP. */
static int
data_of(const struct frame *frame)
{
	const uint8_t *ip = frame->bytes + ETH_HLEN;
	const uint8_t *tcp = tcp_of(frame);
	int len = ip[0] >> 4 == 4 ? ip[2] << 8 | ip[3] : 40 + (ip[4] << 8 | ip[5]);

	/* Of what IP says, not of the frame, which may be padded. */
	return len - (int)(tcp - ip) - (tcp[12] >> 4) * 4;
}

/** Whether a segment is lost because of its place among those with data of its connection. */
static bool
data_lost(struct line *line, const struct frame *frame)
{
	uint32_t ports;
	uint32_t i;

	if (line->values->data_loss_ppm == 0 || data_of(frame) <= 0)
		return false;
	memcpy(&ports, tcp_of(frame), sizeof(ports));
	for (i = 0; i < line->flow_count && line->flows[i].ports != ports; i++)
		;
	if (i == FLOWS) {
		errno = ENOSPC;
		fail("too many connections for data-loss-ppm");
	}
	if (i == line->flow_count) {
		line->flows[line->flow_count++] = (struct flow){
			.ports = ports,
			.random = seed_of(line->values, 2 + i * 2 + (line->from < line->to)),
		};
	}
	return chance(&line->flows[i].random, line->values->data_loss_ppm);
}

/** When a frame that comes now has left the queue; -1 = the queue is full. */
static int64_t
through_queue(struct line *line, const struct frame *frame, int64_t now)
{
	int64_t rate = line->values->rate_kbit;
	int64_t each;

	if (rate == 0)
		return now;
	each = frame->len * INT64_C(8000000) / rate;
	if (line->free_at < now)
		line->free_at = now;
	if (line->free_at - now > line->values->queue * each)
		return -1;
	line->free_at += each;
	return line->free_at;
}

static void
line_enqueue(struct line *line, const struct frame *frame, int64_t due)
{
	struct frame *copy;

	if (line->count == SLOTS) {
		line->overflow++;
		return;
	}
	copy = line->unused[SLOTS - 1 - line->count];
	copy->due = due;
	copy->order = line->order++;
	copy->len = frame->len;
	memcpy(copy->bytes, frame->bytes, frame->len);
	heap_put(line, copy);
}

static void
line_take(struct line *line, const struct frame *frame, int64_t now)
{
	const struct values *values = line->values;
	bool tcp = is_tcp(frame);
	int64_t due = through_queue(line, frame, now);

	if (due < 0) {
		line->overflow++;
		return;
	}
	if (tcp && (chance(&line->random, line->loss_ppm) || data_lost(line, frame))) {
		line->lost++;
		return;
	}
	due += values->delay_us * 1000;
	if (tcp && chance(&line->random, values->twice_ppm)) {
		line->doubled++;
		line_enqueue(line, frame, due);
	}
	if (tcp && chance(&line->random, values->reorder_ppm)) {
		line->late++;
		due += values->late_us * 1000;
	}
	line_enqueue(line, frame, due);
}

static void
line_receive(struct line *line)
{
	struct frame frame;
	int i;

	for (i = 0; i < BURST; i++) {
		ssize_t len = read(line->from, frame.bytes, sizeof(frame.bytes));

		if (len <= 0)
			return;
		frame.len = (uint16_t)len;
		line_take(line, &frame, now_ns());
	}
}

static void
line_send(struct line *line, int64_t now)
{
	while (line->count > 0 && line->heap[0]->due <= now) {
		struct frame *frame = heap_take(line);
		int64_t lag = now - frame->due;

		line->lag_sum += lag;
		if (lag > line->lag_max)
			line->lag_max = lag;
		line->unused[SLOTS - 1 - line->count] = frame;
		if (write(line->to, frame->bytes, frame->len) == frame->len)
			line->carried++;
		else
			line->overflow++;
	}
}

/* ---- The program ----------------------------------------------------------------------------- */

static void
parse(struct values *values, char *word)
{
	const struct {
		const char *name;
		int64_t *value;
	} names[] = {
		{ "delay-us", &values->delay_us },
		{ "rate-kbit", &values->rate_kbit },
		{ "queue", &values->queue },
		{ "loss-ppm", &values->loss_ppm },
		{ "loss-back-ppm", &values->loss_back_ppm },
		{ "data-loss-ppm", &values->data_loss_ppm },
		{ "reorder-ppm", &values->reorder_ppm },
		{ "late-us", &values->late_us },
		{ "twice-ppm", &values->twice_ppm },
		{ "seed", &values->seed },
	};
	char *equals = strchr(word, '=');
	size_t i;

	for (i = 0; equals != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].name) == (size_t)(equals - word) &&
				strncmp(names[i].name, word, (size_t)(equals - word)) == 0) {
			*names[i].value = strtoll(equals + 1, NULL, 10);
			return;
		}
	}
	errno = EINVAL;
	fail(word);
}

/** Sleeps until a frame comes, one is due, or the program is to end. */
static void
wait_for(const struct line *lines, struct pollfd *polls)
{
	int64_t due = INT64_MAX;
	struct timespec left;
	int i;

	for (i = 0; i < 2; i++) {
		if (lines[i].count > 0 && lines[i].heap[0]->due < due)
			due = lines[i].heap[0]->due;
	}
	if (due == INT64_MAX) {
		ppoll(polls, 3, NULL, NULL);
		return;
	}
	due -= now_ns();
	if (due < 0)
		due = 0;
	left.tv_sec = due / 1000000000;
	left.tv_nsec = due % 1000000000;
	ppoll(polls, 3, &left, NULL);
}

static void
run(struct line *lines)
{
	struct pollfd polls[3] = {
		{ .fd = lines[0].from, .events = POLLIN },
		{ .fd = lines[1].from, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	int i;

	while (!stopped) {
		char byte;

		wait_for(lines, polls);
		if (polls[2].revents != 0 && read(STDIN_FILENO, &byte, 1) == 0)
			return;
		for (i = 0; i < 2; i++) {
			if (polls[i].revents != 0)
				line_receive(&lines[i]);
		}
		for (i = 0; i < 2; i++)
			line_send(&lines[i], now_ns());
	}
}

static void
report(const struct line *lines)
{
	static const char *const names[] = { "right", "left" };
	int i;

	for (i = 0; i < 2; i++)
		printf("%s carried %lu lost %lu overflow %lu late %lu doubled %lu\n"
		       "lag of %s mean %ld us most %ld us\n",
				names[i], lines[i].carried, lines[i].lost, lines[i].overflow,
				lines[i].late, lines[i].doubled, names[i],
				(long)(lines[i].lag_sum / 1000 / (int64_t)(lines[i].carried + 1)),
				(long)(lines[i].lag_max / 1000));
}

int
main(int argc, char **argv)
{
	struct values values = { .queue = 1000, .seed = 1 };
	struct sigaction action = { .sa_handler = stop };
	struct line lines[2];
	int left;
	int right;
	int i;

	if (argc < 3) {
		fprintf(stderr, "delayline LEFT RIGHT [name=value ...]\n");
		return 2;
	}
	for (i = 3; i < argc; i++)
		parse(&values, argv[i]);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	/* The default slack of 50 us is added to every sleep. */
	prctl(PR_SET_TIMERSLACK, 1000UL);
	left = open_port(argv[1]);
	right = open_port(argv[2]);
	line_init(&lines[0], left, right, &values, values.loss_ppm);
	line_init(&lines[1], right, left, &values, values.loss_back_ppm);
	printf("ready\n");
	fflush(stdout);
	run(lines);
	report(lines);
	return 0;
}

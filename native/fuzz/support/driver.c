/* SPDX-License-Identifier: Apache-2.0 */

/* A target without libFuzzer: each file of its corpus once, then mutations of them from a seed, as
 * many as asked for. The same arguments do the same anywhere. What breaks is written to a file.
 *
 *   fuzz_x [--runs N] [--seed S] FILE-OR-DIRECTORY... */

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "support/fuzz.h"

#define MOST 16384 /* bytes of an input */

struct input {
	uint8_t *bytes;
	size_t size;
};

static struct input *inputs;
static size_t count;
static uint8_t current[MOST];
static size_t current_size;
static uint64_t state;

static uint64_t
random64(void)
{
	uint64_t x = state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static size_t
below(size_t n)
{
	return n == 0 ? 0 : (size_t)(random64() % n);
}

static void
on_abort(int signal_number)
{
	static const char name[] = "fuzz-crash.bin";
	FILE *file = fopen(name, "wb");

	if (file != NULL) {
		(void)!fwrite(current, 1, current_size, file);
		fclose(file);
		fprintf(stderr, "the input is in %s\n", name);
	}
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static void
add_file(const char *path)
{
	struct input in = { malloc(MOST), 0 };
	FILE *file = fopen(path, "rb");

	if (file == NULL || in.bytes == NULL) {
		perror(path);
		exit(2);
	}
	in.size = fread(in.bytes, 1, MOST, file);
	fclose(file);
	inputs = realloc(inputs, (count + 1) * sizeof(*inputs));
	inputs[count++] = in;
}

static void
add(const char *path)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort);
	int i;

	if (n < 0) {
		add_file(path);
		return;
	}
	for (i = 0; i < n; i++) {
		char file[4096];

		if (names[i]->d_name[0] != '.') {
			snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
			add_file(file);
		}
		free(names[i]);
	}
	free(names);
}

static void
run(void)
{
	/* Exactly as long as it is: reading beyond it shows. */
	uint8_t *copy = malloc(current_size + !current_size);

	memcpy(copy, current, current_size);
	(void)LLVMFuzzerTestOneInput(copy, current_size);
	free(copy);
}

static void
take(const struct input *in)
{
	memcpy(current, in->bytes, in->size);
	current_size = in->size;
}

/** A piece of another input over or behind what is there. */
static void
splice(void)
{
	const struct input *in = &inputs[below(count)];
	size_t from;
	size_t to;
	size_t n;

	if (count == 0 || in->size == 0)
		return;
	from = below(in->size);
	n = 1 + below(in->size - from < 64 ? in->size - from : 64);
	to = below(current_size + 1);
	if (to + n > MOST)
		return;
	memcpy(current + to, in->bytes + from, n);
	if (to + n > current_size)
		current_size = to + n;
}

static void
mutate_once(void)
{
	static const uint8_t words[] = { 0, 1, 2, 4, 8, 16, 32, 64, 127, 128, 255, 254 };
	size_t at = below(current_size);
	size_t n;

	switch (below(6)) {
	case 0:
		if (current_size > 0)
			current[at] ^= (uint8_t)(1u << below(8));
		break;
	case 1:
		if (current_size > 0)
			current[at] = words[below(sizeof(words))];
		break;
	case 2:
		if (current_size > 0)
			current[at] = (uint8_t)random64();
		break;
	case 3: /* out */
		n = 1 + below(8);
		if (current_size > n + at) {
			memmove(current + at, current + at + n, current_size - at - n);
			current_size -= n;
		}
		break;
	case 4: /* in */
		n = 1 + below(8);
		if (current_size + n <= MOST) {
			memmove(current + at + n, current + at, current_size - at);
			for (current_size += n; n > 0; n--)
				current[at + n - 1] = (uint8_t)random64();
		}
		break;
	default:
		splice();
		break;
	}
}

int
main(int argc, char **argv)
{
	unsigned long runs = 0;
	size_t i;
	int a;

	state = 1;
	for (a = 1; a < argc; a++) {
		if (strcmp(argv[a], "--runs") == 0 && a + 1 < argc)
			runs = strtoul(argv[++a], NULL, 10);
		else if (strcmp(argv[a], "--seed") == 0 && a + 1 < argc)
			state = strtoull(argv[++a], NULL, 10);
		else
			add(argv[a]);
	}
	signal(SIGABRT, on_abort);
	signal(SIGSEGV, on_abort);
	for (i = 0; i < count; i++) {
		take(&inputs[i]);
		run();
	}
	for (i = 0; i < runs; i++) {
		size_t n;

		current_size = 0;
		if (count > 0)
			take(&inputs[below(count)]);
		for (n = 1 + below(8); n > 0; n--)
			mutate_once();
		run();
	}
	printf("%zu inputs of the corpus, %lu made from them\n", count, runs);
	for (i = 0; i < count; i++)
		free(inputs[i].bytes);
	free(inputs);
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The pool's files. What they look like is in pw_ipam_pool.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <jansson.h>

#include "ipam_pool_priv.h"
#include "pw_cni_env.h"
#include "pw_file.h"
#include "pw_ipc_json.h"
#include "pw_log.h"
#include "pw_str.h"

#define SCHEME    1
#define LAST_FILE "last.json"
#define FILE_MAX  (1u << 20)
#define FILE_MODE 0600

int ipam_store_open(struct pw_ipam_pool *pool, struct pw_err *err)
{
	char path[PATH_MAX];
	int rc = pw_file_mkdirs(pool->dir, 0700);

	if (rc != 0)
		return pw_err_set(err, rc, "%s: %s", pool->dir, strerror(-rc));
	if (snprintf(path, sizeof(path), "%s/lock", pool->dir) >= (int)sizeof(path))
		return pw_err_set(err, -ENAMETOOLONG, "%s: path too long", pool->dir);
	pool->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
	if (pool->lock_fd < 0)
		return pw_err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (flock(pool->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return pw_err_set(err, errno == EWOULDBLOCK ? -EBUSY : -errno,
			"%s: another process has the address pool open", pool->dir);
	return 0;
}

static int lease_path(const struct pw_ipam_pool *pool, const struct pw_ipam_lease *lease,
	char path[static PATH_MAX], struct pw_err *err)
{
	/* '@' is in no container id, so the pair cannot be read in two ways. */
	if (snprintf(path, PATH_MAX, "%s/%s@%s.json", pool->dir, lease->container_id,
		    lease->ifname) >= PATH_MAX)
		return pw_err_set(err, -ENAMETOOLONG, "%s: path too long", pool->dir);
	return 0;
}

/* Writes one JSON value, which it takes. Not waited for: leases of another boot are void. */
static int put(const char *path, json_t *json, struct pw_err *err)
{
	char *text = json_dumps(json, JSON_INDENT(2));
	int rc = text != NULL ? pw_file_write_quick(path, text, strlen(text), FILE_MODE) : -ENOMEM;

	free(text);
	json_decref(json);
	if (rc != 0)
		return pw_err_set(err, rc, "%s: %s", path, strerror(-rc));
	return 0;
}

int ipam_store_put(
	const struct pw_ipam_pool *pool, const struct pw_ipam_lease *lease, struct pw_err *err)
{
	json_t *addresses = json_array();
	char path[PATH_MAX];
	int rc = lease_path(pool, lease, path, err);

	if (rc != 0) {
		json_decref(addresses);
		return rc;
	}
	for (unsigned i = 0; i < lease->n; i++)
		json_array_append_new(addresses,
			json_pack("{s:o, s:o}", "address", pw_json_prefix(&lease->addresses[i]),
				"gateway", pw_json_ip(&lease->gateways[i])));
	return put(path,
		json_pack("{s:i, s:s, s:s, s:s, s:s?, s:o}", "version", SCHEME, "container_id",
			lease->container_id, "ifname", lease->ifname, "network", lease->network,
			"boot_id", pool->boot_id, "addresses", addresses),
		err);
}

int ipam_store_del(
	const struct pw_ipam_pool *pool, const struct pw_ipam_lease *lease, struct pw_err *err)
{
	char path[PATH_MAX];
	int rc = lease_path(pool, lease, path, err);

	if (rc == 0 && unlink(path) != 0 && errno != ENOENT)
		rc = pw_err_set(err, -errno, "%s: %s", path, strerror(errno));
	return rc;
}

int ipam_store_put_last(const struct pw_ipam_pool *pool, struct pw_err *err)
{
	json_t *list = json_array();
	char path[PATH_MAX];

	for (uint32_t i = 0; i < pool->n_last; i++)
		json_array_append_new(list,
			json_pack("{s:s, s:i, s:o}", "network", pool->last[i].network, "set",
				(int)pool->last[i].set, "address", pw_json_ip(&pool->last[i].ip)));
	snprintf(path, sizeof(path), "%s/%s", pool->dir, LAST_FILE);
	/* It may be missed, but to rename over a file makes ext4 write the new one out at once
	 * (auto_da_alloc): milliseconds that every new pod would wait. */
	(void)unlink(path);
	return put(path, json_pack("{s:i, s:o}", "version", SCHEME, "last", list), err);
}

/* NULL: not readable as one of ours. */
static json_t *get(const char *path)
{
	char *text = NULL;
	size_t len;
	json_t *json;

	if (pw_file_read(path, FILE_MAX, &text, &len) != 0)
		return NULL;
	json = json_loadb(text, len, 0, NULL);
	free(text);
	if (pw_json_int(json, "version", 0) != SCHEME) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static void set_aside(const char *path)
{
	char to[PATH_MAX + 16];

	snprintf(to, sizeof(to), "%s.corrupt", path);
	if (rename(path, to) == 0)
		pw_warn("ipam", "%s: unreadable, set aside as *.corrupt", path);
	else
		pw_warn("ipam", "%s: unreadable, and cannot be renamed: %s", path, strerror(errno));
}

static int lease_addresses(const json_t *list, struct pw_ipam_lease *lease)
{
	json_t *entry;
	size_t i;

	if (json_array_size(list) == 0 || json_array_size(list) > PW_IPAM_MAX_SETS)
		return -EINVAL;
	json_array_foreach (list, i, entry) {
		if (pw_prefix_parse(pw_json_str(entry, "address", ""), &lease->addresses[i]) != 0 ||
			pw_ip_parse(pw_json_str(entry, "gateway", ""), &lease->gateways[i]) != 0)
			return -EINVAL;
		lease->n++;
	}
	return 0;
}

/* A lease whose names agree with its file's name, and whose addresses are nobody else's. */
static struct pw_ipam_lease *lease_read(
	const struct pw_ipam_pool *pool, const json_t *json, const char *file)
{
	struct pw_ipam_lease *lease = calloc(1, sizeof(*lease));
	char name[NAME_MAX + 1];

	if (lease == NULL)
		return NULL;
	lease->network = strdup(pw_json_str(json, "network", ""));
	lease->container_id = strdup(pw_json_str(json, "container_id", ""));
	lease->ifname = strdup(pw_json_str(json, "ifname", ""));
	if (lease->network == NULL || lease->container_id == NULL || lease->ifname == NULL)
		goto err_lease;
	snprintf(name, sizeof(name), "%s@%s.json", lease->container_id, lease->ifname);
	if (strcmp(name, file) != 0 || !pw_name_valid(lease->container_id, PW_CNI_ID_MAX))
		goto err_lease;
	if (lease_addresses(pw_json_get(json, "addresses"), lease) != 0)
		goto err_lease;
	for (unsigned i = 0; i < lease->n; i++) {
		if (pw_ipam_pool_owner(pool, &lease->addresses[i].ip) != NULL)
			goto err_lease;
	}
	return lease;
err_lease:
	ipam_lease_free(lease);
	return NULL;
}

static int load_lease(
	struct pw_ipam_pool *pool, const char *file, const char *path, unsigned *dropped)
{
	json_t *json = get(path);
	const char *boot_id = pw_json_str(json, "boot_id", "");
	struct pw_ipam_lease *lease;
	int rc = 0;

	if (json != NULL && pool->boot_id != NULL && strcmp(boot_id, pool->boot_id) != 0) {
		(*dropped)++;
		if (unlink(path) != 0)
			rc = -errno;
		json_decref(json);
		return rc;
	}
	lease = json != NULL ? lease_read(pool, json, file) : NULL;
	json_decref(json);
	if (lease == NULL) {
		set_aside(path);
		return 0;
	}
	rc = ipam_pool_add(pool, lease);
	if (rc != 0)
		ipam_lease_free(lease);
	return rc;
}

static int load_last(struct pw_ipam_pool *pool)
{
	char path[PATH_MAX];
	json_t *json, *entry;
	size_t i;
	int rc = 0;

	snprintf(path, sizeof(path), "%s/%s", pool->dir, LAST_FILE);
	if (access(path, F_OK) != 0)
		return 0;
	json = get(path);
	if (json == NULL) {
		set_aside(path);
		return 0;
	}
	json_array_foreach (pw_json_get(json, "last"), i, entry) {
		int64_t set = pw_json_int(entry, "set", -1);
		struct pw_ip ip;

		if (pw_ip_parse(pw_json_str(entry, "address", ""), &ip) != 0 || set < 0 ||
			set >= PW_IPAM_MAX_SETS)
			continue;
		rc = ipam_last_set(pool, pw_json_str(entry, "network", ""), (unsigned)set, &ip);
		if (rc != 0)
			break;
	}
	json_decref(json);
	return rc;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

int ipam_store_load(struct pw_ipam_pool *pool, struct pw_err *err)
{
	DIR *dir = opendir(pool->dir);
	char path[PATH_MAX];
	struct dirent *entry;
	unsigned dropped = 0;
	int rc = 0;

	if (dir == NULL)
		return pw_err_set(err, -errno, "%s: %s", pool->dir, strerror(errno));
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (strchr(entry->d_name, '@') == NULL || !ends_with(entry->d_name, ".json"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", pool->dir, entry->d_name);
		rc = load_lease(pool, entry->d_name, path, &dropped);
	}
	closedir(dir);
	if (rc == 0)
		rc = load_last(pool);
	if (rc != 0)
		return pw_err_set(err, rc, "%s: %s", pool->dir, strerror(-rc));
	if (dropped != 0)
		pw_info("ipam", "dropped what was leased before the reboot: %u", dropped);
	return 0;
}

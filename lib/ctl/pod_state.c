/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pod_state.c - attachments on disk: <state>/pods/<container id>@<ifname>.json, one file each.
 *
 * Written whole (temporary file, rename) before cni.attach is answered, so a daemon killed at any
 * point finds all of it or nothing. The disk is not waited for: network namespaces do not outlive a
 * reboot, so what was lost with the machine was void, and the control thread serves all pods. A file
 * that cannot be used is set aside as *.corrupt and named in the log; the others are used.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "bridge.h"
#include "pod_priv.h"
#include "pw_cni_env.h"
#include "pw_file.h"
#include "pw_str.h"

#define STATE_VERSION  1
#define STATE_MAX      65536 /* bytes */
#define STATE_SUFFIX   ".json"
#define CORRUPT_SUFFIX ".corrupt"

/* ---- JSON ---- */

/* Texts of a pod by name: written and read by the same table. */
static const struct {
	const char *key;
	size_t offset;
} texts[] = {
	{"netns", offsetof(struct ctl_pod, netns)},
	{"network", offsetof(struct ctl_pod, network)},
	{"pod_namespace", offsetof(struct ctl_pod, pod_namespace)},
	{"pod_name", offsetof(struct ctl_pod, pod_name)},
	{"pod_uid", offsetof(struct ctl_pod, pod_uid)},
};

static char **text_field(const struct ctl_pod *pod, unsigned i)
{
	return (char **)((char *)(uintptr_t)pod + texts[i].offset);
}

static json_t *ips_to_json(const struct ctl_pod *pod)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < pod->n_ips; i++)
		json_array_append_new(list,
			json_pack("{s:o, s:o}", "address", pw_json_prefix(&pod->ips[i].address),
				"gateway", pw_json_ip(&pod->ips[i].gateway)));
	return list;
}

json_t *pod_state_to_json(const struct ctl_pod *pod)
{
	json_t *json = json_pack(
		"{s:i, s:s, s:s, s:s, s:s?, s:o, s:i, s:o, s:b, s:I, s:o, s:o, s:i}", "version",
		STATE_VERSION, "container_id", pod->container_id, "ifname", pod->ifname, "port",
		pod->port_name, "bridge", ctl_bridge_name(pod->ctl, pod->bridge), "mac",
		pw_json_mac(&pod->mac), "mtu", (int)pod->mtu, "ips", ips_to_json(pod), "delegated",
		pod->delegated, "created", (json_int_t)pod->created, "netns_dev",
		pw_json_u64(pod->netns_dev), "netns_inode", pw_json_u64(pod->netns_inode),
		"ifindex", (int)pod->ifindex);

	for (unsigned i = 0; json != NULL && i < PW_ARRAY_SIZE(texts); i++)
		json_object_set_new(json, texts[i].key, json_string(*text_field(pod, i)));
	return json;
}

static int bad(struct pw_err *err, const char *key)
{
	return pw_err_set(err, -EINVAL, "\"%s\" is missing or bad", key);
}

static int read_ips(struct ctl_pod *pod, const json_t *json, struct pw_err *err)
{
	const json_t *list = pw_json_get(json, "ips");
	const json_t *ip;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) == 0 ||
		json_array_size(list) > CTL_POD_MAX_IPS)
		return bad(err, "ips");
	json_array_foreach (list, i, ip) {
		struct ctl_pod_ip *to = &pod->ips[pod->n_ips];
		const char *gateway = pw_json_str(ip, "gateway", NULL);

		if (pw_prefix_parse(pw_json_str(ip, "address", ""), &to->address) != 0)
			return bad(err, "ips[].address");
		if (gateway != NULL && pw_ip_parse(gateway, &to->gateway) != 0)
			return bad(err, "ips[].gateway");
		pod->n_ips++;
	}
	return 0;
}

static int read_numbers(struct ctl_pod *pod, const json_t *json, struct pw_err *err)
{
	int64_t mtu = pw_json_int(json, "mtu", 0);

	if (mtu < 68 || mtu > PW_MTU_MAX)
		return bad(err, "mtu");
	pod->mtu = (uint32_t)mtu;
	if (pw_mac_parse(pw_json_str(json, "mac", ""), &pod->mac) != 0 ||
		pw_mac_is_zero(&pod->mac) || pw_mac_is_multicast(&pod->mac))
		return bad(err, "mac");
	pod->netns_dev = (uint64_t)pw_json_int(json, "netns_dev", 0);
	pod->netns_inode = (uint64_t)pw_json_int(json, "netns_inode", 0);
	pod->ifindex = (uint32_t)pw_json_int(json, "ifindex", 0);
	pod->created = pw_json_int(json, "created", 0);
	pod->delegated = pw_json_bool(json, "delegated", false);
	if (pod->netns_inode == 0)
		return bad(err, "netns_inode");
	return pod->ifindex == 0 ? bad(err, "ifindex") : 0;
}

/* A bridge that the configuration no longer has is the caller's to notice. */
static int read_bridge(struct ctl_pod *pod, const json_t *json, struct pw_err *err)
{
	const char *name = pw_json_str(json, "bridge", NULL);
	const struct ctl_bridge *bridge;

	if (name == NULL)
		return 0;
	bridge = ctl_bridge_find(pod->ctl, name);
	if (bridge == NULL)
		return pw_err_set(err, -ENODEV, "bridge \"%s\" is no longer configured", name);
	pod->bridge = bridge->id;
	return 0;
}

static int read_texts(struct ctl_pod *pod, const json_t *json, struct pw_err *err)
{
	const char *port = pw_json_str(json, "port", "");

	for (unsigned i = 0; i < PW_ARRAY_SIZE(texts); i++) {
		if (pod_set_text(text_field(pod, i), pw_json_str(json, texts[i].key, "")) != 0)
			return pw_err_set(err, -ENOMEM, "out of memory");
	}
	if (pod->netns[0] != '/')
		return bad(err, "netns");
	if (!pw_name_valid(port, PW_CONF_NAME_MAX))
		return bad(err, "port");
	strlcpy(pod->port_name, port, sizeof(pod->port_name));
	return 0;
}

struct ctl_pod *pod_state_from_json(struct pw_ctl *ctl, const json_t *json, struct pw_err *err)
{
	const char *container_id = pw_json_str(json, "container_id", "");
	const char *ifname = pw_json_str(json, "ifname", "");
	struct ctl_pod *pod;

	if (pw_json_int(json, "version", 0) != STATE_VERSION) {
		bad(err, "version");
		return NULL;
	}
	if (!pw_name_valid(container_id, PW_CNI_ID_MAX) || !pw_ifname_valid(ifname)) {
		bad(err, "container_id");
		return NULL;
	}
	pod = pod_create(ctl, container_id, ifname);
	if (pod == NULL) {
		pw_err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	if (read_texts(pod, json, err) != 0 || read_numbers(pod, json, err) != 0 ||
		read_ips(pod, json, err) != 0 || read_bridge(pod, json, err) != 0) {
		pod_destroy(pod);
		return NULL;
	}
	return pod;
}

/* ---- files ---- */

static char *file_path(const struct pw_ctl *ctl, const char *container_id, const char *ifname)
{
	char *path;

	if (asprintf(&path, "%s/%s@%s" STATE_SUFFIX, ctl->pods->dir, container_id, ifname) < 0)
		return NULL;
	return path;
}

int pod_state_save(const struct ctl_pod *pod, struct pw_err *err)
{
	char *path = file_path(pod->ctl, pod->container_id, pod->ifname), *text;
	json_t *json = pod_state_to_json(pod);
	int rc;

	text = json != NULL ? json_dumps(json, JSON_INDENT(2)) : NULL;
	json_decref(json);
	if (path == NULL || text == NULL)
		rc = pw_err_set(err, -ENOMEM, "out of memory");
	else
		rc = pw_file_write_quick(path, text, strlen(text), 0600);
	if (rc != 0 && path != NULL && text != NULL)
		pw_err_set(err, rc, "%s: %s", path, strerror(-rc));
	free(text);
	free(path);
	return rc;
}

int pod_state_remove(const struct pw_ctl *ctl, const char *container_id, const char *ifname)
{
	char *path = file_path(ctl, container_id, ifname);
	int rc = path == NULL ? -ENOMEM : unlink(path) != 0 ? -errno : 0;

	if (rc != 0 && rc != -ENOENT)
		pw_error(POD_LOG, "%s: %s", path != NULL ? path : container_id, strerror(-rc));
	free(path);
	return rc;
}

static void set_aside(const char *path, const char *why)
{
	char *to;

	if (asprintf(&to, "%s" CORRUPT_SUFFIX, path) < 0)
		return;
	pw_error(POD_LOG, "%s: %s: set aside as %s; the other attachments are used", path, why, to);
	if (rename(path, to) != 0)
		pw_error(POD_LOG, "%s: %s", to, strerror(errno));
	free(to);
}

static bool name_matches(const struct ctl_pod *pod, const char *name)
{
	char *expected;
	bool same;

	if (asprintf(&expected, "%s@%s" STATE_SUFFIX, pod->container_id, pod->ifname) < 0)
		return false;
	same = strcmp(expected, name) == 0;
	free(expected);
	return same;
}

/* The pod of one file; NULL: it was set aside. */
static struct ctl_pod *load_file(struct pw_ctl *ctl, const char *path, const char *name)
{
	struct ctl_pod *pod = NULL;
	struct pw_err err = {0};
	json_error_t json_err;
	json_t *json = NULL;
	char *text;
	size_t len;
	int rc = pw_file_read(path, STATE_MAX, &text, &len);

	if (rc != 0) {
		pw_err_set(&err, rc, "%s", strerror(-rc));
	} else {
		json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &json_err);
		free(text);
		if (json == NULL)
			pw_err_set(&err, -EINVAL, "not JSON: line %d: %s", json_err.line,
				json_err.text);
	}
	if (json != NULL)
		pod = pod_state_from_json(ctl, json, &err);
	json_decref(json);
	if (pod != NULL && !name_matches(pod, name)) {
		pod_destroy(pod);
		pod = NULL;
		pw_err_set(&err, -EINVAL, "it is of another attachment than its name says");
	}
	if (pod == NULL)
		set_aside(path, err.msg);
	return pod;
}

static int is_state_file(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name), suffix = strlen(STATE_SUFFIX);

	return entry->d_name[0] != '.' && len > suffix &&
	       strcmp(entry->d_name + len - suffix, STATE_SUFFIX) == 0;
}

int pod_state_load(struct pw_ctl *ctl, void (*fn)(struct ctl_pod *pod), struct pw_err *err)
{
	struct dirent **entries;
	int n = scandir(ctl->pods->dir, &entries, is_state_file, alphasort);

	if (n < 0)
		return pw_err_set(err, -errno, "%s: %s", ctl->pods->dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		struct ctl_pod *pod = NULL;
		char *path;

		if (asprintf(&path, "%s/%s", ctl->pods->dir, entries[i]->d_name) >= 0) {
			pod = load_file(ctl, path, entries[i]->d_name);
			free(path);
		}
		if (pod != NULL)
			fn(pod);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

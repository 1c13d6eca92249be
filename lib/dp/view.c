/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * view.c - making the next view: copy the current one, change the copy, swap, retire the old one.
 *
 * A change costs O(ports), a few microseconds for hundreds of them, and no worker stops.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pw_log.h"
#include "worker.h"

struct view *view_create(const struct pw_dp *dp)
{
	struct view *view = calloc(1, sizeof(*view));

	if (view == NULL)
		return NULL;
	view->max_ports = dp->params.max_ports;
	view->ports = calloc(view->max_ports, sizeof(view->ports[0]));
	view->bridges = calloc(PW_DP_MAX_BRIDGES, sizeof(view->bridges[0]));
	view->workers = calloc(dp->params.n_workers, sizeof(view->workers[0]));
	if (view->ports == NULL || view->bridges == NULL || view->workers == NULL) {
		view_destroy(view);
		return NULL;
	}
	return view;
}

void view_destroy(struct view *view)
{
	if (view == NULL)
		return;
	if (view->workers != NULL)
		free(view->workers[0].rxq); /* one array for all workers */
	free(view->workers);
	free(view->bridges);
	free(view->ports);
	free(view);
}

/* The queues of one kind that a worker reads, by port and queue. */
static uint32_t fill_worker(
	const struct view *view, uint32_t worker, bool exact, struct view_rxq *rxq)
{
	uint32_t n = 0;

	for (uint32_t p = 0; p < view->max_ports; p++) {
		const struct view_port *vp = view->ports[p];

		if (vp == NULL || vp->port->ops->wait_exact != exact)
			continue;
		for (uint16_t q = 0; q < vp->port->n_rxq; q++) {
			if (vp->rx_worker[q] != worker)
				continue;
			rxq[n++] = view_rxq_of(vp, q);
			view->workers[worker].never_sleeps |= vp->port->never_sleep;
		}
	}
	return n;
}

/* Every worker's list of queues, from what the ports say; one array, cut by worker. */
int view_fill_queues(const struct pw_dp *dp, struct view *view)
{
	uint32_t total = 0, at = 0;
	struct view_rxq *all;

	for (uint32_t p = 0; p < view->max_ports; p++)
		total += view->ports[p] != NULL ? view->ports[p]->port->n_rxq : 0;
	all = calloc(total + 1, sizeof(*all)); /* never NULL for 0 queues */
	if (all == NULL)
		return -ENOMEM;
	for (uint32_t w = 0; w < dp->params.n_workers; w++) {
		struct view_worker *vw = &view->workers[w];

		vw->rxq = all + at;
		vw->n_exact = fill_worker(view, w, true, vw->rxq);
		vw->n_rxq = vw->n_exact + fill_worker(view, w, false, vw->rxq + vw->n_exact);
		at += vw->n_rxq;
	}
	return 0;
}

struct view *view_copy(const struct pw_dp *dp)
{
	struct view *view = view_create(dp);

	if (view == NULL)
		return NULL;
	memcpy(view->ports, dp->view->ports, view->max_ports * sizeof(view->ports[0]));
	memcpy(view->bridges, dp->view->bridges, PW_DP_MAX_BRIDGES * sizeof(view->bridges[0]));
	view->generation = dp->view->generation + 1;
	return view;
}

static void free_view(void *ctx, void *obj)
{
	(void)ctx;
	view_destroy(obj);
}

static void free_bridge(void *ctx, void *obj)
{
	(void)ctx;
	free(obj);
}

/* Out of memory in the limbo: the object is leaked rather than freed under a worker's eyes. */
void view_retire(struct pw_dp *dp, pw_limbo_fn *fn, void *ctx, void *obj)
{
	if (obj != NULL && pw_limbo_defer(dp->params.limbo, fn, ctx, obj) != 0)
		pw_error("dp", "out of memory while retiring an object: it is leaked");
}

void view_publish(struct pw_dp *dp, struct view *view)
{
	struct view *old = dp->view;

	__atomic_store_n(&dp->view, view, __ATOMIC_SEQ_CST);
	view_retire(dp, free_view, NULL, old);
	for (uint32_t w = 0; w < dp->params.n_workers; w++)
		worker_wake(dp->workers[w]);
}

/* ---- bridges ---- */

/* The bridge's object with its flood list as the ports of `view` say. */
static struct view_bridge *make_bridge(
	const struct view *view, uint16_t id, const struct pw_dp_bridge_conf *conf)
{
	uint16_t n = 0;
	struct view_bridge *bridge;

	for (uint32_t p = 0; p < view->max_ports; p++)
		n += view->ports[p] != NULL && view->ports[p]->bridge == id;
	bridge = calloc(1, sizeof(*bridge) + n * sizeof(bridge->ports[0]));
	if (bridge == NULL)
		return NULL;
	bridge->router_mac48 = conf->router_mac48;
	bridge->hairpin = conf->hairpin;
	bridge->arp_punt = conf->arp_punt;
	for (uint32_t p = 0; p < view->max_ports; p++) {
		if (view->ports[p] != NULL && view->ports[p]->bridge == id)
			bridge->ports[bridge->n_ports++] = (uint16_t)p;
	}
	return bridge;
}

static struct pw_dp_bridge_conf bridge_conf(const struct view_bridge *bridge)
{
	return (struct pw_dp_bridge_conf){.router_mac48 = bridge->router_mac48,
		.hairpin = bridge->hairpin,
		.arp_punt = bridge->arp_punt};
}

/* Puts the new object of a bridge into a view not yet published. 0 or -ENOMEM. */
static int renew_bridge(struct view *view, uint16_t id, const struct pw_dp_bridge_conf *conf)
{
	struct view_bridge *bridge = make_bridge(view, id, conf);

	if (bridge == NULL)
		return -ENOMEM;
	view->bridges[id] = bridge;
	return 0;
}

int pw_dp_bridge_set(struct pw_dp *dp, uint16_t id, const struct pw_dp_bridge_conf *conf)
{
	struct view_bridge *old;
	struct view *view;

	if (id >= PW_DP_MAX_BRIDGES)
		return -ERANGE;
	view = view_copy(dp);
	if (view == NULL)
		return -ENOMEM;
	old = view->bridges[id];
	if (old != NULL && old->n_ports > 0 && old->router_mac48 != conf->router_mac48) {
		view_destroy(view); /* its ports hold a copy: take them off first */
		return -EBUSY;
	}
	if (view_fill_queues(dp, view) != 0 || renew_bridge(view, id, conf) != 0) {
		view_destroy(view);
		return -ENOMEM;
	}
	view_publish(dp, view);
	view_retire(dp, free_bridge, NULL, old);
	return 0;
}

int pw_dp_bridge_del(struct pw_dp *dp, uint16_t id)
{
	struct view_bridge *old;
	struct view *view;

	if (id >= PW_DP_MAX_BRIDGES || dp->view->bridges[id] == NULL)
		return -ENOENT;
	if (dp->view->bridges[id]->n_ports > 0)
		return -EBUSY;
	view = view_copy(dp);
	if (view == NULL)
		return -ENOMEM;
	old = view->bridges[id];
	view->bridges[id] = NULL;
	if (view_fill_queues(dp, view) != 0) {
		view_destroy(view);
		return -ENOMEM;
	}
	view_publish(dp, view);
	view_retire(dp, free_bridge, NULL, old);
	return 0;
}

/* ---- ports ---- */

/* May the worker read that kind of port? Any may if no worker is kept for kernel ports. */
static bool may_read(const struct pw_dp *dp, uint32_t worker, const struct pw_port *port)
{
	uint64_t kernel = dp->params.kernel_workers;

	return kernel == 0 || (kernel >> worker & 1) == port->kernel;
}

/* The worker with the fewest queues, the lowest first: balanced at birth, moved only when told. */
static uint8_t least_loaded(
	const struct pw_dp *dp, const struct pw_port *port, const uint32_t *load)
{
	uint32_t best = UINT32_MAX;

	for (uint32_t w = 0; w < dp->params.n_workers; w++) {
		if (may_read(dp, w, port) && (best == UINT32_MAX || load[w] < load[best]))
			best = w;
	}
	return (uint8_t)(best != UINT32_MAX ? best : 0);
}

/* A worker that is not there (there were more once) is no reason to refuse the port. */
static uint8_t worker_for(const struct pw_dp *dp, const struct pw_port *port,
	const struct pw_dp_port_conf *conf, uint16_t queue, const uint32_t *load)
{
	if (conf->workers != NULL && conf->workers[queue] < dp->params.n_workers)
		return conf->workers[queue];
	return least_loaded(dp, port, load);
}

static struct view_port *make_port(
	struct pw_dp *dp, struct pw_port *port, const struct pw_dp_port_conf *conf)
{
	const struct view_bridge *bridge =
		conf->bridge == PW_BRIDGE_NONE ? NULL : dp->view->bridges[conf->bridge];
	struct view_port *vp = calloc(1, sizeof(*vp));
	uint32_t load[PW_DP_MAX_WORKERS];

	if (vp == NULL)
		return NULL;
	vp->port = port;
	vp->binding = conf->binding;
	vp->binding_free = conf->binding_free;
	vp->router_mac48 = bridge != NULL ? bridge->router_mac48 : conf->router_mac48;
	vp->generation = ++dp->port_generation;
	vp->index = port->index;
	vp->bridge = conf->bridge;
	vp->learn = conf->learn && bridge != NULL;
	vp->hairpin = bridge != NULL && bridge->hairpin;
	vp->arp_punt = bridge == NULL || bridge->arp_punt;
	for (uint32_t w = 0; w < dp->params.n_workers; w++)
		load[w] = dp->view->workers[w].n_rxq;
	for (uint16_t q = 0; q < port->n_rxq; q++) {
		vp->rx_worker[q] = worker_for(dp, port, conf, q, load);
		load[vp->rx_worker[q]]++;
	}
	vp->tx_worker = port->n_txq >= dp->params.n_workers && dp->params.n_workers > 1
				? PW_WORKER_SELF
				: vp->rx_worker[0];
	return vp;
}

int pw_dp_port_add(struct pw_dp *dp, struct pw_port *port, const struct pw_dp_port_conf *conf)
{
	bool bridged = conf->bridge != PW_BRIDGE_NONE;
	struct view_bridge *old_bridge = NULL;
	struct view_port *vp;
	struct view *view;

	if (port->index >= dp->params.max_ports)
		return -ERANGE;
	if (dp->view->ports[port->index] != NULL)
		return -EEXIST;
	if (bridged &&
		(conf->bridge >= PW_DP_MAX_BRIDGES || dp->view->bridges[conf->bridge] == NULL))
		return -ENOENT;
	vp = make_port(dp, port, conf);
	view = view_copy(dp);
	if (vp == NULL || view == NULL)
		goto err_memory;
	view->ports[port->index] = vp;
	if (view_fill_queues(dp, view) != 0)
		goto err_memory;
	if (bridged) {
		struct pw_dp_bridge_conf bconf = bridge_conf(view->bridges[conf->bridge]);

		old_bridge = view->bridges[conf->bridge];
		if (renew_bridge(view, conf->bridge, &bconf) != 0)
			goto err_memory;
	}
	view_publish(dp, view);
	view_retire(dp, free_bridge, NULL, old_bridge);
	return 0;

err_memory:
	view_destroy(view);
	free(vp);
	return -ENOMEM;
}

struct retiring_port {
	struct view_port *vp;
	void (*gone)(void *arg, struct pw_port *port);
	void *arg;
};

static void port_gone(void *ctx, void *obj)
{
	struct retiring_port *r = obj;

	(void)ctx;
	if (r->vp->binding != NULL && r->vp->binding_free != NULL)
		r->vp->binding_free(r->vp->binding);
	r->gone(r->arg, r->vp->port);
	free(r->vp);
	free(r);
}

int pw_dp_port_del(
	struct pw_dp *dp, uint16_t index, void (*gone)(void *arg, struct pw_port *port), void *arg)
{
	struct view_bridge *old_bridge = NULL;
	struct retiring_port *r;
	struct view_port *vp;
	struct view *view;

	if (index >= dp->params.max_ports || dp->view->ports[index] == NULL)
		return -ENOENT;
	vp = dp->view->ports[index];
	r = calloc(1, sizeof(*r));
	view = view_copy(dp);
	if (r == NULL || view == NULL)
		goto err_memory;
	*r = (struct retiring_port){.vp = vp, .gone = gone, .arg = arg};
	view->ports[index] = NULL;
	if (view_fill_queues(dp, view) != 0)
		goto err_memory;
	if (vp->bridge != PW_BRIDGE_NONE) {
		struct pw_dp_bridge_conf bconf = bridge_conf(view->bridges[vp->bridge]);

		old_bridge = view->bridges[vp->bridge];
		if (renew_bridge(view, vp->bridge, &bconf) != 0)
			goto err_memory;
	}
	view_publish(dp, view);
	view_retire(dp, free_bridge, NULL, old_bridge);
	view_retire(dp, port_gone, NULL, r);
	return 0;

err_memory:
	view_destroy(view);
	free(r);
	return -ENOMEM;
}

int pw_dp_port_worker(const struct pw_dp *dp, uint16_t index, uint16_t queue)
{
	const struct view_port *vp = view_port_at(dp->view, index);

	return vp == NULL || queue >= vp->port->n_rxq ? -1 : vp->rx_worker[queue];
}

/* SPDX-License-Identifier: MIT */
#ifndef HTTPD_CONNECTION_H
#define HTTPD_CONNECTION_H

/* One connection: its requests one after the other, each answered before the next is read. */

#include "server.h"

/* Starts a goroutine that serves `conn` and closes it. Out of memory: closes it at once. */
void connection_start(struct server *server, struct ltr_conn *conn);

/*
 * End all connections: those that wait for a request at once, the others after their answer. With
 * `hard` answers are cut off too. Does not wait for them (server->connected does).
 */
void connections_end(struct server *server, bool hard);

#endif

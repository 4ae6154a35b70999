#pragma once
// netinet/in.h must come before linux/xfrm.h, else its in6_addr clashes with Glibc's.
#include <netinet/in.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>

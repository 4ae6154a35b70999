/// libzmq as it is: Swift imports every function and constant that the ZeroMQ target needs.
#pragma once
#include <zmq.h>

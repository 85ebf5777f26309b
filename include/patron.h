/* patron.h: the whole library, the only supported include. Each room's contract stands in its own header. */
#ifndef PATRON_H
#define PATRON_H

#include "patron/base.h"
#include "patron/file.h"
#include "patron/log.h"
#include "patron/profile.h"
#include "patron/segment.h"
#include "patron/table.h"

#endif

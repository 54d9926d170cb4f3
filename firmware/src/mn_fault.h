/* One message about a fault, then stop: no silent hard fault, no half-working board. */
#ifndef MN_FAULT_H
#define MN_FAULT_H

/* Every exception vector. Does not return. */
void mn_fault_entry(void);

#endif

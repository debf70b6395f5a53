import '../../outbox-bridge/main';
import { obeyFaultOrders } from './faulty-process';

// The bridge as `npm run bridge` runs it, but for the orders it obeys: its first await is over after this line.
obeyFaultOrders();

import '../../workers/main';
import { obeyFaultOrders } from './faulty-process';

// The workers as `npm run workers` runs them, but for the orders they obey: their first await is over after this line.
obeyFaultOrders();

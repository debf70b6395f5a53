/**
 * The tests of `npm run test:fire`: what kills, freezes and cuts off servers, runs two releases side by side, or waits for
 * time to pass. `npm test` leaves them out, `npm run test:all` and CI run both.
 */
module.exports = ['faults/', 'outages/', 'upgrade/', 'integration/deployment/'];

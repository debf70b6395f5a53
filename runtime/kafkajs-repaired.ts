/** kafkajs with its defects repaired: every client is made from here (lint says so), since the repairs come with the import. */
import './kafka-idle';
import './kafka-metadata';

export { Kafka } from 'kafkajs';

"""Publishes a post in the transaction that stores it, then waits for its event on Kafka."""

import json
import os
import uuid

import psycopg
from confluent_kafka import Consumer
from psycopg.types.json import Jsonb

DATABASE_URL = os.environ["DATABASE_URL"]  # a login that is a member of nova_publisher
PREFIX = os.environ.get("KAFKA_TOPIC_PREFIX", "nova")


def publish(db: psycopg.Connection, event_type: str, payload: dict) -> str:
    """Call it inside `with db.transaction()`, after the business statements."""
    row = db.execute("SELECT nova.nova_publish(%s, %s)", (event_type, Jsonb(payload))).fetchone()
    return str(row[0])


def wait_for(event_id: str) -> dict:
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ["KAFKA_BROKERS"],
            "group.id": f"{PREFIX}-python-service",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([f"{PREFIX}.content.events"])
    try:
        while True:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            headers = {name: value.decode() for name, value in message.headers()}
            if headers["event_id"] == event_id:
                return json.loads(message.value())
            consumer.commit(message)  # after the effect: what is not committed comes again
    finally:
        consumer.close()


with psycopg.connect(DATABASE_URL, autocommit=True) as db:
    post = {"post_id": str(uuid.uuid4()), "user_id": str(uuid.uuid4()), "caption": "hello from Python"}
    with db.transaction():
        # … your own INSERT into your own table stands here …
        event_id = publish(db, "content.post.created", post)
    print("published", event_id)
    print("received", wait_for(event_id)["caption"])

    try:
        publish(db, "content.post.created", {"post_id": post["post_id"]})
    except psycopg.errors.InvalidParameterValue as refused:
        print("refused", refused.diag.constraint_name, refused.diag.column_name)

    state = db.execute("SELECT state FROM nova.nova_event_state(%s)", (event_id,)).fetchone()
    print("state", state[0])

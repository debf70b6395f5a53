// Command go-subscriber prints each event of a topic once, in the order of its aggregate.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"github.com/segmentio/kafka-go"
)

func main() {
	prefix := os.Getenv("KAFKA_TOPIC_PREFIX")
	if prefix == "" {
		prefix = "nova"
	}
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers:     strings.Split(os.Getenv("KAFKA_BROKERS"), ","),
		GroupID:     prefix + "-go-subscriber",
		Topic:       prefix + ".content.events",
		StartOffset: kafka.FirstOffset,
	})
	defer reader.Close()
	// EVENTS: stop after so many; 0 or nothing: never.
	most, _ := strconv.Atoi(os.Getenv("EVENTS"))
	// Kafka may deliver an event twice. A real service keeps the ids in its database, in the transaction of its own effect.
	seen := map[string]bool{}
	for most == 0 || len(seen) < most {
		message, err := reader.FetchMessage(context.Background())
		if err != nil {
			log.Fatal(err)
		}
		header := map[string]string{}
		for _, one := range message.Headers {
			header[one.Key] = string(one.Value)
		}
		if id := header["event_id"]; !seen[id] {
			var payload map[string]any
			if err := json.Unmarshal(message.Value, &payload); err != nil {
				log.Fatalf("event %s: %v", id, err)
			}
			fmt.Println(header["event_type"], id, payload["post_id"])
			seen[id] = true
		}
		// Only after the effect: what is not committed comes again.
		if err := reader.CommitMessages(context.Background(), message); err != nil {
			log.Fatal(err)
		}
	}
}

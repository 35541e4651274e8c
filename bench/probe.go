// SPDX-License-Identifier: MIT

// The ping-pong of bench/probe_target.c in Go, unwatched and under Go's execution tracer, whose output
// is counted and thrown away. Prints ns a round trip without, with, and bytes a round trip.
package main

import (
	"fmt"
	"runtime/trace"
	"time"
)

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

const trips = 300000

func play() float64 {
	there, back := make(chan int), make(chan int)
	go func() {
		for n := range there {
			back <- n
		}
	}()
	start := time.Now()
	for i := 0; i < trips; i++ {
		there <- i
		<-back
	}
	passed := time.Since(start)
	close(there)
	return float64(passed.Nanoseconds()) / trips
}

func main() {
	var bytes counter
	unwatched := play()
	if err := trace.Start(&bytes); err != nil {
		panic(err)
	}
	traced := play()
	trace.Stop()
	fmt.Printf("%.1f %.1f %.1f\n", unwatched, traced, float64(bytes)/trips)
}

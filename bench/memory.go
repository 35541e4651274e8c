// SPDX-License-Identifier: MIT

// The peer of bench/memory.c: COUNT goroutines wait on one channel; prints the same numbers.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

func procBytes(name string) float64 {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return -1
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if fields[0] == name+":" {
			kilobytes, _ := strconv.ParseFloat(fields[1], 64)
			return kilobytes * 1024
		}
	}
	return -1
}

func main() {
	count, err := strconv.Atoi(os.Args[1])
	if err != nil {
		os.Exit(64)
	}
	wakes := count / 10
	if wakes > 10000 {
		wakes = 10000
	}
	channel := make(chan int)
	var parked, woken sync.WaitGroup
	rss, tables := procBytes("VmRSS"), procBytes("VmPTE")

	start := time.Now()
	parked.Add(count)
	for i := 0; i < count; i++ {
		go func() {
			parked.Done()
			<-channel
			woken.Done()
		}()
	}
	parked.Wait()
	startNs := float64(time.Since(start).Nanoseconds()) / float64(count)
	rss = (procBytes("VmRSS") - rss) / float64(count)
	tables = (procBytes("VmPTE") - tables) / float64(count)
	maps, _ := os.ReadFile("/proc/self/maps")

	start = time.Now()
	woken.Add(wakes)
	for i := 0; i < wakes; i++ {
		channel <- i
	}
	woken.Wait()
	wakeNs := float64(time.Since(start).Nanoseconds()) / float64(wakes)
	fmt.Printf("%.0f %.0f %d %.0f 0 %.0f\n", rss, tables, bytes.Count(maps, []byte("\n")), startNs, wakeNs)
}

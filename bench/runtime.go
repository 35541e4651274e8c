// SPDX-License-Identifier: MIT

// The rows of bench/runtime.c in Go, for a comparison in the same run.
package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"
)

func since(start time.Time) float64 { return float64(time.Since(start).Nanoseconds()) }

func yield() float64 {
	var done sync.WaitGroup
	start := time.Now()
	done.Add(4)
	for i := 0; i < 4; i++ {
		go func() {
			for i := 0; i < 1000000; i++ {
				runtime.Gosched()
			}
			done.Done()
		}()
	}
	done.Wait()
	return since(start) / 4e6
}

func spawn() float64 {
	var done sync.WaitGroup
	var start time.Time
	for round := 0; round < 4; round++ {
		if round == 1 {
			start = time.Now()
		}
		done.Add(100000)
		for i := 0; i < 100000; i++ {
			go done.Done()
		}
		done.Wait()
	}
	return since(start) / 3e5
}

func pingpong() float64 {
	there, back := make(chan int), make(chan int)
	go func() {
		for n := range there {
			back <- n
		}
	}()
	start := time.Now()
	for i := 0; i < 1000000; i++ {
		there <- i
		<-back
	}
	return since(start) / 1e6
}

func produce(c chan int, count int, done *sync.WaitGroup) {
	for i := 0; i < count; i++ {
		c <- i
	}
	done.Done()
}

func buffered(eachSide int) float64 {
	var done sync.WaitGroup
	c := make(chan int, 128)
	start := time.Now()
	done.Add(2 * eachSide)
	for i := 0; i < eachSide; i++ {
		go produce(c, 4000000/eachSide, &done)
		go func() {
			for i := 0; i < 4000000/eachSide; i++ {
				<-c
			}
			done.Done()
		}()
	}
	done.Wait()
	return since(start) / 4e6
}

func select4() float64 {
	var c [4]chan int
	for i := range c {
		c[i] = make(chan int)
		go produce(c[i], 1<<30, nil)
	}
	start := time.Now()
	for i := 0; i < 1000000; i++ {
		select {
		case <-c[0]:
		case <-c[1]:
		case <-c[2]:
		case <-c[3]:
		}
	}
	return since(start) / 1e6
}

func mutex8() float64 {
	var mutex sync.Mutex
	var done sync.WaitGroup
	value := 0
	start := time.Now()
	done.Add(8)
	for i := 0; i < 8; i++ {
		go func() {
			for i := 0; i < 1000000; i++ {
				mutex.Lock()
				value++
				mutex.Unlock()
			}
			done.Done()
		}()
	}
	done.Wait()
	return since(start) / 8e6
}

func sleepers() float64 {
	var done sync.WaitGroup
	start := time.Now()
	done.Add(100000)
	for i := 0; i < 100000; i++ {
		go func() {
			time.Sleep(10 * time.Millisecond)
			done.Done()
		}()
	}
	done.Wait()
	return since(start) / 1e6
}

func grow(sum chan int, first, size int) {
	if size == 1 {
		sum <- first
		return
	}
	parts := make(chan int)
	for i := 0; i < 10; i++ {
		go grow(parts, first+i*size/10, size/10)
	}
	total := 0
	for i := 0; i < 10; i++ {
		total += <-parts
	}
	sum <- total
}

func skynet() float64 {
	sum := make(chan int)
	start := time.Now()
	go grow(sum, 0, 1000000)
	<-sum
	return since(start) / 1e6
}

func echo(conn net.Conn) {
	buffer := make([]byte, 1024)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			break
		}
		if _, err = conn.Write(buffer[:n]); err != nil {
			break
		}
	}
	conn.Close()
}

// tcpEcho serves the load of echo_load.c, as bench/echo.c does.
func tcpEcho() float64 {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return -1
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go echo(conn)
		}
	}()
	self, _ := os.Executable()
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	said, _ := exec.Command(filepath.Join(filepath.Dir(self), "load", "echo_load"), port).Output()
	var ns float64
	if _, err := fmt.Sscan(string(said), &ns); err != nil {
		return -1
	}
	return ns
}

func main() {
	rows := map[string]func() float64{
		"yield": yield, "spawn": spawn, "pingpong": pingpong,
		"buffered_1_1": func() float64 { return buffered(1) },
		"buffered_4_4": func() float64 { return buffered(4) },
		"select_4":     select4, "mutex_8": mutex8,
		"sleepers_100k": sleepers, "skynet_1m": skynet,
		"tcp_echo": tcpEcho, "tcp_echo_loop": tcpEcho,
	}
	fmt.Printf("%.2f\n", rows[os.Args[1]]())
}

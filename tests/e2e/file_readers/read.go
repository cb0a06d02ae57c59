// Which shapes of files Go reads.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
)

func read(parts []string) bool {
	if parts[1] == "ca" {
		content, err := os.ReadFile(parts[2])
		return err == nil && x509.NewCertPool().AppendCertsFromPEM(content)
	}
	_, err := tls.LoadX509KeyPair(parts[2], parts[3])
	return err == nil
}

func main() {
	list, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	for lines := bufio.NewScanner(list); lines.Scan(); {
		parts := strings.Split(lines.Text(), "\t")
		said := ""
		if !read(parts) {
			said = "not read"
		}
		fmt.Printf("%s\t%s\n", parts[0], said)
	}
}

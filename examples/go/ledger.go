// Package ledger is a client of the SEI API Platform as a team would write it: the code under test.
package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Credentials are what the platform's portal gives to an application.
type Credentials struct {
	AppKey    string
	AppSecret string
	Username  string // of the service account
	Password  string
}

// Client reads investors. It renews its token once, and waits once when the platform asks it to.
type Client struct {
	BaseURL     string // of the two-way listener
	Credentials Credentials
	HTTP        *http.Client // its TLS settings have the CA and the certificate of the account

	token string
}

type page struct {
	Data []struct {
		Name string `json:"name"`
	} `json:"data"`
	Paging struct {
		Next string `json:"next"`
	} `json:"paging"`
}

// Investors returns the names of all investors, from all pages.
func (c *Client) Investors() ([]string, error) {
	var names []string
	for next := c.BaseURL + "/v2/investors?limit=50"; next != ""; {
		var found page
		if err := c.get(next, &found); err != nil {
			return nil, err
		}
		for _, each := range found.Data {
			names = append(names, each.Name)
		}
		next = found.Paging.Next
	}
	return names, nil
}

func (c *Client) get(address string, answer any) error {
	for renewed, waited := false, false; ; {
		response, err := c.send(address)
		if err != nil {
			return err
		}
		switch {
		case response.StatusCode == http.StatusUnauthorized && !renewed:
			renewed, c.token = true, ""
		case response.StatusCode == http.StatusServiceUnavailable && !waited:
			waited = true
			seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
			time.Sleep(time.Duration(seconds) * time.Second)
		default:
			return decode(response, answer)
		}
		response.Body.Close()
	}
}

func (c *Client) send(address string) (*http.Response, error) {
	if c.token == "" {
		if err := c.authorize(); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("AppKey", c.Credentials.AppKey)
	request.Header.Set("Authorization", "Bearer "+c.token)
	return c.HTTP.Do(request)
}

func (c *Client) authorize() error {
	form := url.Values{
		"grant_type": {"client_credentials"},
		"username":   {c.Credentials.Username},
		"password":   {c.Credentials.Password},
	}
	address := c.BaseURL + "/v2/oauthtoken"
	request, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(c.Credentials.AppKey, c.Credentials.AppSecret)
	response, err := c.HTTP.Do(request)
	if err != nil {
		return err
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := decode(response, &answer); err != nil {
		return err
	}
	if answer.AccessToken == "" {
		return errors.New("the answer has no access token")
	}
	c.token = answer.AccessToken
	return nil
}

func decode(response *http.Response, answer any) error {
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Request.URL.Path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

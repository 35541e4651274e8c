/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CPLUSPLUS_H
#define LOITER_CPLUSPLUS_H

/*
 * Those macros of <loiter/channel.h> that need another definition in C++, which has no addresses of
 * compound literals. They are used in the same way; included by channel.h.
 *
 * C++11 or later, with GNU extensions (statement expressions, __VA_OPT__). What goes through channels
 * and to new goroutines is copied byte by byte: elements and arguments must be trivially copyable.
 * docs/install.md says what else holds: exceptions, destructors, lambdas.
 */

#ifdef __cplusplus

#include <initializer_list>

#include <loiter/channel.h>

template <typename type> struct ltr__same {
	typedef type as;
};

template <typename channel> inline channel ltr__make(size_t capacity)
{
	typedef __typeof__(*static_cast<channel *>(nullptr)->can_send) element;

	static_assert(__is_trivially_copyable(element), "elements are copied byte by byte");
	return channel{ltr__channel_new(sizeof(element), capacity)};
}

/* `value` is converted to the element's type in the caller's expression, which outlives the case. */
template <typename type>
inline ltr_case ltr__send_case(ltr_channel *channel, type *,
			       const typename ltr__same<type>::as &value)
{
	return ltr_case{channel, __builtin_addressof(value), nullptr, nullptr, false};
}

template <typename type>
inline ltr_case ltr__receive_case(ltr_channel *channel, type *,
				  typename ltr__same<type>::as *ret_value, bool *ret_ok = nullptr)
{
	return ltr_case{channel, nullptr, ret_value, ret_ok, true};
}

inline int ltr__select(int64_t deadline_ns, std::initializer_list<ltr_case> cases)
{
	return ltr__select_cases(cases.begin(), cases.size(), deadline_ns);
}

#define ltr_make(type, capacity) ltr__make<type>((capacity))

#define LTR_SEND(channel, value) ltr__send_case((channel).chan, (channel).can_send, (value))
#define LTR_RECV(channel, ret_value, ...)                        \
	ltr__receive_case((channel).chan, (channel).can_receive, \
			  (ret_value)__VA_OPT__(, ) __VA_ARGS__)
#define ltr_select(deadline_ns, ...) ltr__select(LTR__UNTIL(deadline_ns), {__VA_ARGS__})

#endif

#endif
